"""Whatever stands in a rule file, the answer is a model or a list of problems with places."""

import json

from hypothesis import given
from hypothesis import strategies as st

from remediator.core.guide import RuleFileText
from remediator.errors import ConfigurationError
from remediator.interfaces.documents import read_document, validate

KEYS = st.sampled_from(
    ["rules", "guides", "name", "match", "guide", "with", "mode", "limits", "throttle", "max", "per", "verify", "all",
     "any", "steps", "remedies", "parameters", "type", "default", "target", "summary", "http.probe", "id", "mod",
     "[key]", "str", "RuleText", "0"]
)  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2) | st.sampled_from(["auto", "5m", "x", "", "yes"])
)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=25
)
RULES = st.fixed_dictionaries(
    {},
    optional={"rules": st.lists(st.dictionaries(KEYS, TREES, max_size=6), max_size=3), "guides": TREES, "rulez": TREES},
)


@given(RULES | TREES)
def test_a_tree(tree):
    text = json.dumps(tree, indent=2)
    document = read_document(text, "a.yaml")
    try:
        validate(document, RuleFileText)
    except ConfigurationError as error:
        problems = error.problems
    else:
        problems = ()
    for problem in problems:
        assert 0 < problem.line <= len(document.lines)
        assert 0 < problem.column <= len(document.line(problem.line)) + 1
        assert problem.message
