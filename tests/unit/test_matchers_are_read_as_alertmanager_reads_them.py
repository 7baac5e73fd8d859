"""Inputs and meanings from Alertmanager's documentation ("Matcher") and the cases that it is held to."""

import pytest

from remediator.core.matchers import Matcher, MatchOp, Parsed, parse_matchers

FOO = Matcher("foo", MatchOp.EQUAL, "bar")
SMILE = Matcher("foo", MatchOp.EQUAL, "🙂")


def regex(name, value):
    return Matcher(name, MatchOp.REGEX, value)


def equal(name, value):
    return Matcher(name, MatchOp.EQUAL, value)


@pytest.mark.parametrize("text", ["", "{}", " ", "{ }"])
def test_no_matchers(text):
    assert parse_matchers(text) == Parsed(())


@pytest.mark.parametrize(
    ("text", "matcher"),
    [
        ("{foo=bar}", FOO),
        ("{foo=bar,}", FOO),
        ("foo=bar", FOO),
        ("foo=bar,", FOO),
        ("foo = bar", FOO),
        ('\n{\n\tfoo = "bar" ,\n}\n', FOO),
        ('{"foo"="bar"}', FOO),
        ('"foo"="bar",', FOO),
        ("foo!=bar", Matcher("foo", MatchOp.NOT_EQUAL, "bar")),
        ("foo=~[a-z]+", regex("foo", "[a-z]+")),
        ('foo!~"[a-z]+"', Matcher("foo", MatchOp.NOT_REGEX, "[a-z]+")),
        (r'"foo"=~"\\d+"', regex("foo", r"\d+")),
        ('statuscode=~"5.."', regex("statuscode", "5..")),
        ("{foo=🙂}", SMILE),
        ('"foo"="🙂"', SMILE),
        (r'"foo"="\xf0\x9f\x99\x82"', SMILE),
        (r'"foo"="\U0001f642"', SMILE),
        (r'"foo"="\360\237\231\202"', SMILE),
        (r'"foo"="\u00e9"', equal("foo", "é")),
        (r'"foo"="\a\b\f\n\r\t\v\\\""', equal("foo", '\a\b\f\n\r\t\v\\"')),
        ('foo=""', equal("foo", "")),
        ('foo="bar,baz"', equal("foo", "bar,baz")),
        ('{name-with-dashes = "bar"}', equal("name-with-dashes", "bar")),
        ("Προμηθεύς=bar", equal("Προμηθεύς", "bar")),
        ('"a label"="b"', equal("a label", "b")),
        ('"a=b,c"="d"', equal("a=b,c", "d")),
        ('""="d"', equal("", "d")),
        ("foo=a\x1cb", equal("foo", "a\x1cb")),  # not white space to Go
        (r'quote="She said: \"Hi, ladies!\""', equal("quote", 'She said: "Hi, ladies!"')),
    ],
)
def test_one_matcher(text, matcher):
    assert parse_matchers(text) == Parsed((matcher,))


@pytest.mark.parametrize(
    "text",
    [
        'alertname="Watchdog", severity=~"warning|critical"',
        '{alertname="Watchdog",severity=~"warning|critical",}',
        '{\n  alertname = Watchdog,\n  severity =~ "warning|critical",\n}',
        '"alertname"=Watchdog , severity =~ "warning|critical" , ',
    ],
)
def test_several_matchers(text):
    assert parse_matchers(text) == Parsed((equal("alertname", "Watchdog"), regex("severity", "warning|critical")))
