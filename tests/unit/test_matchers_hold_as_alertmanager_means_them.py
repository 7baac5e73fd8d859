import pytest

from remediator.core.matchers import Matcher, MatchOp, parse_matchers

LABELS = {"alertname": "HighLatency", "severity": "warning", "two lines": "a\nb"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("alertname=HighLatency", True),
        ("alertname=High", False),
        ("alertname!=High", True),
        ('severity=~"warn"', False),  # anchored at both ends
        ('severity=~"warning|critical"', True),
        ('severity=~"crit|warn"', False),
        ('severity!~"warn"', True),
        ('severity!~"warn.*"', False),
        ('severity=~"(?i)WARNING"', True),
        ('absent=""', True),
        ('absent!=""', False),
        ('absent=~".*"', True),
        ('absent=~".+"', False),
        ('absent!~".+"', True),
        ('"two lines"=~"a.b"', False),  # a dot is no line break
        ('"two lines"=~"(?s)a.b"', True),
        ('"two lines"=~"a"', False),  # nor does the end come before one
        ("Severity=warning", False),
    ],
)
def test_a_matcher_on_labels(text, holds):
    (matcher,) = parse_matchers(text).matchers
    assert matcher.matches(LABELS) is holds
    assert matcher.matches(LABELS) is holds  # the remembered verdict is the same


def test_more_values_than_are_remembered():
    matcher = Matcher("host", MatchOp.REGEX, "h[0-9]*5")
    values = [f"h{number}" for number in range(3000)] + ["h" * 1000 + "5", "h" + "1" * 1000 + "5"]
    expected = [value[1:].isdigit() and value.endswith("5") for value in values]
    for _ in range(2):
        assert [matcher.matches({"host": value}) for value in values] == expected


def test_half_a_surrogate_pair_is_judged_as_the_replacement_character():
    assert Matcher("a", MatchOp.REGEX, "\ufffd").matches({"a": "\ud800"})
    assert not Matcher("a", MatchOp.NOT_REGEX, ".").matches({"a": "\ud800"})


def test_equal_matchers_are_equal():
    assert Matcher("a", MatchOp.REGEX, "b") == Matcher("a", MatchOp.REGEX, "b")
    assert (
        len({Matcher("a", MatchOp.REGEX, "b"), Matcher("a", MatchOp.REGEX, "b"), Matcher("a", MatchOp.EQUAL, "b")}) == 2
    )
