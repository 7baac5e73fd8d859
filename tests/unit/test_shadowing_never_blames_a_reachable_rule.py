"""What is called unreachable for certain is reached by no alert of a small universe; with equality only, that is exact."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from remediator.core.guide import GuideText, RuleText
from remediator.core.lint import CHECKS, RuleAt, Subject
from remediator.core.lint.label_sets import Left, beyond
from remediator.core.lint.overlaps import Overlaps
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


BEGINNINGS = st.sampled_from(["x.*", "xy.*", "y.+", "x[yz]", "xy*", "xx?|z.*", "(x|y).", "x|y.*|", "x{0,2}y", "\\x78y?"])


@given(st.lists(st.lists(MATCHERS | st.builds(Matcher, LABELS, REGEXES, BEGINNINGS), min_size=1, max_size=3), min_size=2, max_size=6))
@settings(max_examples=300, deadline=None)
def test_the_index_leaves_out_no_rule_that_shares_an_alert(rules):
    *others, asked = rules
    index = Overlaps()
    for position, matchers in enumerate(others):
        index.add(position, matchers)
    alerts = [alert for alert in UNIVERSE if holds(asked, alert)]
    sharing = {position for position, matchers in enumerate(others) if any(holds(matchers, alert) for alert in alerts)}
    assert sharing <= set(index.sharing(asked))


def test_rules_about_other_values_are_not_looked_at():
    index = Overlaps()
    for position in range(600):
        index.add(position, [Matcher("a", MatchOp.REGEX, f"shop-{position:03}-.*"), Matcher("b", MatchOp.EQUAL, "x")])
    assert list(index.sharing([Matcher("a", MatchOp.REGEX, "shop-017-web|shop-300.*")])) == [17, 300]
    assert list(index.sharing([Matcher("b", MatchOp.NOT_EQUAL, "y"), Matcher("a", MatchOp.EQUAL, "shop-017-db")])) == [17]
    assert list(index.sharing([Matcher("b", MatchOp.REGEX, "y.*")])) == []
