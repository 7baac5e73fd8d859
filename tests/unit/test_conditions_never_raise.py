from hypothesis import given
from hypothesis import strategies as st

from remediator.core.templates import UNKNOWN, StepScope, compile_condition
from remediator.errors import TemplateError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.builds(lambda: UNKNOWN) | st.builds(lambda: 10**5000) | st.builds(object),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip
OPERANDS = st.sampled_from([
    "labels.a", "params.a", "params.b", "params.a.b", "params.a[0]", "steps.s.a", "steps.s.ok", "1", "0", "'x'", "true",
    "none", "[params.a, 1]", "params.a | length", "params.a | int", "params.b | round(2)", "params.a | first", "labels",
])  # fmt: skip
OPERATORS = st.sampled_from([
    "==", "!=", "<", ">=", "in", "not in", "and", "or", "+", "*", "/", "//", "%", "~", "and not",
])  # fmt: skip
CONDITIONS = st.builds("not ({} {} {}) {} {} < 1".format, OPERANDS, OPERATORS, OPERANDS, OPERATORS, OPERANDS)


@given(CONDITIONS, VALUES, VALUES)
def test_whatever_the_values_are(source, a, b):
    try:
        condition = compile_condition(source)
    except TemplateError:
        return
    scope = {
        "labels": {"a": "x"}, "params": {"a": a, "b": b}, "steps": {"s": StepScope({"a": a}, ok=True, error="")},
    }  # fmt: skip
    verdict = condition.holds(scope)
    assert isinstance(verdict.value, bool)
    assert verdict.reason
    assert not (verdict.value and verdict.unknown)


def test_not_even_without_a_scope():
    verdict = compile_condition("labels.a == 'x'").holds({})
    assert (verdict.value, verdict.reason) == (False, 'there is no "labels" here')
