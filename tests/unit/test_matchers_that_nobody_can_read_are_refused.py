import pytest

from remediator.core.matchers import Matcher, MatchOp, parse_matchers
from remediator.errors import MatcherError, RemediatorError


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        (",", 0, "a label name is needed here, found ,"),
        ("{,}", 1, "a label name is needed here, found ,"),
        ("foo=bar,,", 8, "a label name is needed here, found ,"),
        ("{{foo=", 1, "a label name is needed here, found {"),
        ("foo!bar", 3, '"!" must be followed by "=" or "~"'),
        ("foo", 3, "an operator (=, !=, =~ or !~) is needed here, found the end"),
        ("foo bar", 4, "an operator (=, !=, =~ or !~) is needed here, found bar"),
        ("é=", 2, "a value is needed here, found the end"),
        ("é=a b", 4, "a comma is needed here, found b"),
        ("{é=a b", 5, 'a comma or "}" is needed here, found b'),
        ("{é=a", 4, 'a comma or "}" is needed here, found the end'),
        ("é=a}", 3, 'this "}" has no opening "{"'),
        ("{é=a} x", 6, "the end is needed here, found x"),
        ("{é=a} ~", 6, "the character ~ must stand inside double quotes"),
        ('é="a', 2, 'a closing " is missing'),
        ('foo="bar', 4, 'a closing " is missing'),
        ('foo=bar"', 7, 'a closing " is missing'),
        (r'é="a\wb"', 4, r"\w is not an escape inside quotes; a backslash is written \\"),
        (r'é="\'"', 3, r"\' is not an escape inside quotes; a backslash is written \\"),
        (r'é="\xf"', 3, r"\x begins an escape of two hexadecimal digits"),
        (r'é="\400"', 3, r"\4 begins an escape of three octal digits"),
        (r'é="ab\ud800"', 5, "U+D800 is not a character"),
        (r'é="\UFFFFFFFF"', 3, "U+FFFFFFFF is not a character"),
        (r'é="\xf0\x9f"', 2, "the bytes between these quotes are not UTF-8"),
        ('é="a\nb"', 4, r"a line break inside quotes is written \n"),
    ],
)
def test_the_reason_and_its_place(text, offset, message):
    with pytest.raises(MatcherError) as caught:
        parse_matchers(text)
    assert (str(caught.value), caught.value.offset) == (message, offset)


@pytest.mark.parametrize(
    ("regex", "reason"),
    [
        ("invalid[regexp", "missing ]: [regexp"),
        ("(?=a)b", "invalid perl operator: (?=; RE2 has no look-around"),
        ("(?!a)b", "invalid perl operator: (?!; RE2 has no look-around"),
        ("(?<=a)b", "invalid perl operator: (?<=; RE2 has no look-around"),
        ("(?<!a)b", "invalid perl operator: (?<!; RE2 has no look-around"),
        ("(?P<x>a)(?P=x)", "invalid perl operator: (?P; RE2 has no backreferences"),
        ("a{1001}", "invalid repetition size: {1001}"),
        ("a)|(?:b", "unexpected ): a)|(?:b"),
    ],
)
def test_a_bad_regex_names_re2(regex, reason):
    with pytest.raises(MatcherError) as caught:
        parse_matchers(f'a="b", foo=~"{regex}"')
    assert str(caught.value) == f'RE2 cannot read the regex "{regex}": {reason}'
    assert caught.value.offset == 12


@pytest.mark.parametrize("regex", [r"(a)\1", r"(?P<n>a)\k<n>"])
def test_a_backreference_is_told(regex):
    with pytest.raises(MatcherError, match="RE2 has no backreferences"):
        Matcher("foo", MatchOp.REGEX, regex)


def test_one_byte_is_not_a_regex_but_may_be_quoted():
    with pytest.raises(MatcherError, match=r"invalid escape sequence: \\C"):
        Matcher("foo", MatchOp.REGEX, r"a\C")
    assert Matcher("foo", MatchOp.REGEX, r"\\C").matches({"foo": r"\C"})
    assert Matcher("foo", MatchOp.REGEX, r"\Qa\C\E").matches({"foo": r"a\C"})


def test_a_regex_that_both_grammars_reach_is_told_beside_the_escape():
    with pytest.raises(MatcherError) as caught:
        parse_matchers(r'foo=~"\d(?=a)"')
    assert str(caught.value) == (
        r"\d is not an escape inside quotes; a backslash is written \\;"
        r' RE2 cannot read the regex "\d(?=a)": invalid perl operator: (?=; RE2 has no look-around'
    )


@pytest.mark.parametrize("text", ["foo=" + "a" * 65_536, "foo=" + "é" * 32_768, ",".join(["a=b"] * 257), 'a="\ud800"'])
def test_what_is_too_large_or_not_text(text):
    with pytest.raises(MatcherError):
        parse_matchers(text)


def test_what_is_just_not_too_large():
    assert len(parse_matchers(",".join(["a=b"] * 256)).matchers) == 256
    assert len(parse_matchers("foo=" + "a" * 65_532).matchers[0].value) == 65_532


def test_it_is_one_of_ours():
    assert issubclass(MatcherError, RemediatorError)
