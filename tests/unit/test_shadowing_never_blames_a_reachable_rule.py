"""What is called unreachable for certain is reached by no alert of a small universe; with equality only, that is exact."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from remediator.core.guide import GuideText, RuleText
from remediator.core.lint import CHECKS, RuleAt, Subject
from remediator.core.lint.label_sets import Left, beyond
from remediator.core.matchers import Matcher, MatchOp
from remediator.core.rules import Guide, Rule, RuleTable

VALUES = ("", "x", "y", "xy", "xx", "z", "\n", "~")
UNIVERSE = [{"a": a, "b": b} for a, b in product(VALUES, repeat=2)]
LABELS = st.sampled_from("ab")
EQUALITIES = st.builds(Matcher, LABELS, st.sampled_from([MatchOp.EQUAL, MatchOp.NOT_EQUAL]), st.sampled_from(["", "x", "y", "xy"]))
LISTS = st.sampled_from(["x|y", "x?y?", "(x|y)z?", "[xy]", "[xy]{1,2}", "x|", "", "xx?|y"])
ENDLESS = st.sampled_from([".*", ".+", "x.*", "[^x]*", "x+", "(?i)X", "(?s).*", "[a-z]{2,}", r"\w*", "x*?", ".", "x{1,}y?"])
REGEXES = st.sampled_from([MatchOp.REGEX, MatchOp.NOT_REGEX])
MATCHERS = EQUALITIES | st.builds(Matcher, LABELS, REGEXES, LISTS) | st.builds(Matcher, LABELS, REGEXES, ENDLESS)
GUIDE = Guide("g", GuideText(summary="s", target="http/a"), ("http", "a"), (), (), None)


def holds(matchers, alert):
    return all(matcher.matches(alert) for matcher in matchers)


def tables(matchers):
    return st.lists(st.tuples(st.lists(matchers, min_size=1, max_size=3).map(tuple), st.booleans()), min_size=2, max_size=5)


def rules_of(table):
    for number, (matchers, goes_on) in enumerate(table):
        text = RuleText.model_validate({"name": str(number), "match": "a=b", "guide": "g", "continue": goes_on})
        yield Rule(str(number), text, matchers, GUIDE)


def reached(table):
    found = RuleTable.of(tuple(rules_of(table)))
    return {rule.name for labels in UNIVERSE for rule in found.matching(labels)}


def said(table):
    rules = tuple(RuleAt(rule, "f", ("rules", at)) for at, rule in enumerate(rules_of(table)))
    subject = Subject(rules, (), lambda _: None)
    for finding in CHECKS["shadowed-rule"].run(subject):
        yield str(finding.path[1]), "may never" not in finding.message


@given(tables(MATCHERS))
@settings(max_examples=150, deadline=None)
def test_no_reachable_rule_is_blamed(table):
    assert not {name for name, certain in said(table) if certain} & reached(table)


@given(tables(EQUALITIES | st.builds(Matcher, LABELS, REGEXES, st.sampled_from(["x|y", "[xy]", "xy?|", "(x|y)"]))))
@settings(max_examples=150, deadline=None)
def test_with_equalities_and_lists_every_unreachable_rule_is_found(table):
    # A rule that matches nothing by itself is another check's.
    alive = {str(at) for at, (matchers, _) in enumerate(table) if any(holds(matchers, alert) for alert in UNIVERSE)}
    assert dict(said(table)) == dict.fromkeys(alive - reached(table), True)


@given(st.lists(MATCHERS, min_size=1, max_size=3), st.lists(st.lists(MATCHERS, min_size=1, max_size=3), max_size=4))
def test_what_is_left_is_never_denied(matchers, others):
    left = any(holds(matchers, alert) and not any(holds(other, alert) for other in others) for alert in UNIVERSE)
    assert not (left and beyond(matchers, others) is Left.NONE)
