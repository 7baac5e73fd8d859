from hypothesis import given
from hypothesis import strategies as st

from remediator.core.guide import GuideText, RuleText
from remediator.core.matchers import Matcher, MatchOp
from remediator.core.rules import Guide, Rule, RuleTable

NAMES = st.sampled_from(["A", "B", "C", ""])
BY_NAME = st.builds(Matcher, st.just("alertname"), st.sampled_from(MatchOp), NAMES | st.sampled_from(["A|B", ".*", "[AC]"]))
MATCHERS = BY_NAME | st.builds(Matcher, st.sampled_from(["x", "y"]), st.sampled_from(MatchOp), st.sampled_from(["", "1", "1|2"]))
LABELS = st.dictionaries(st.sampled_from(["alertname", "x", "y"]), st.sampled_from(["A", "B", "D", "", "1", "2"]))
GUIDE = Guide("g", GuideText(summary="s", target="http/a"), ("http", "a"), (), (), None)


def scan(rules, labels):
    found = []
    for rule in rules:
        if all(matcher.matches(labels) for matcher in rule.matchers):
            found.append(rule.name)
            if not rule.text.continue_:
                break
    return found


@given(st.lists(st.tuples(st.lists(MATCHERS, min_size=1, max_size=3).map(tuple), st.booleans()), max_size=8), st.lists(LABELS, max_size=8))
def test_the_same_rules_in_the_same_order(table, alerts):
    rules = tuple(
        Rule(str(at), RuleText.model_validate({"name": "r", "match": "a=b", "guide": "g", "continue": goes_on}), matchers, GUIDE)
        for at, (matchers, goes_on) in enumerate(table)
    )
    index = RuleTable.of(rules)
    for labels in alerts:
        assert [rule.name for rule in index.matching(labels)] == scan(rules, labels)
