"""Where only the classic grammar reads a text, or where the two differ, the classic one counts."""

import pytest

from remediator.core.matchers import Matcher, MatchOp, Parsed, parse_matchers


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("{foo='}", "foo", "'"),
        ("{foo=`}", "foo", "`"),
        (r"{foo=\n}", "foo", "\n"),
        (r"{foo=bar\t}", "foo", r"bar\t"),
        ("{foo=bar\\}", "foo", "bar\\"),
        (r"{foo=bar\\}", "foo", "bar\\"),
        (r"{foo=bar\"}", "foo", 'bar"'),
        ("{foo=bar}}", "foo", "bar}"),
        ("{foo=bar}},}", "foo", "bar}}"),
        ("{foo=bar", "foo", "bar"),
        ("foo=bar}", "foo", "bar"),
        ("foo=bar baz", "foo", "bar baz"),
        ("job=", "job", ""),
        (r'foo="\w"', "foo", r"\w"),
        ('foo="a\nb"', "foo", "a\nb"),
        (r"trickier==\\=\=\"", "trickier", r"=\=\=" + '"'),
    ],
)
def test_only_the_classic_grammar_reads_it(text, name, value):
    meant = Matcher(name, MatchOp.EQUAL, value)
    parsed = parse_matchers(text)
    assert parsed.matchers == (meant,)
    (warning,) = parsed.warnings
    assert warning.endswith(f"write it as {meant}")
    assert parse_matchers(str(meant)) == Parsed((meant,))


def test_several_matchers_with_an_escape_left_open_before_a_comma():
    parsed = parse_matchers(r'{foo=,bar="\,"}')
    assert [str(matcher) for matcher in parsed.matchers] == ['foo=""', r'bar="\\,"']


@pytest.mark.parametrize("text", [r'foo="\xf0\x9f\x99\x82"', r'foo="\u00e9"', r'foo="a\tb"', r'foo="\101"'])
def test_where_the_two_differ_the_classic_reading_counts(text):
    parsed = parse_matchers(text)
    (matcher,) = parsed.matchers
    assert matcher.value == text[5:-1]  # the classic grammar does not know these escapes
    (warning,) = parsed.warnings
    assert f"write {matcher} for what it means now" in warning


def test_a_no_break_space_belongs_to_a_classic_value():
    assert [matcher.value for matcher in parse_matchers("foo=\u00a0bar").matchers] == ["\u00a0bar"]


def test_an_escape_that_is_a_bad_regex_to_one_grammar_only():
    parsed = parse_matchers(r'foo=~"\x5b"')
    assert [matcher.value for matcher in parsed.matchers] == [r"\x5b"]
    assert parsed.matchers[0].matches({"foo": "["})
    assert parsed.warnings


def test_the_warning_reads_well():
    (warning,) = parse_matchers(r'instance=~"db\.example"').warnings
    assert warning == (
        r"only Alertmanager's older grammar reads this (\. is not an escape inside quotes; a backslash is written \\);"
        r' write it as instance=~"db\\.example"'
    )
