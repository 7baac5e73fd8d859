"""What a regex is said to match is what RE2 matches, and nothing else where the list is said to be whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediator.core.lint.regexes import texts_of
from remediator.core.matchers import Matcher, MatchOp
from remediator.errors import MatcherError

PIECES = st.sampled_from(["a", "b", "|", "(", ")", "(?:", "[ab]", "[^a]", "[a-c]", "[]a]", "[a-]", "?", "*", "+", "{2}", "{1,2}", "{,2}", "{",
                          "}", "]", ".", r"\.", r"\d", r"\w", "^", "$", "(?i)", "-", r"\pL", r"[\d]", "(?P<n>", "??", "é", r"\Qa\E", "[[:alpha:]]"])  # fmt: skip


@given(st.lists(PIECES, max_size=8).map("".join), st.lists(st.text("abc.-0é{},]2", max_size=4), max_size=20))
def test_against_re2(pattern, tried):
    try:
        matcher = Matcher("l", MatchOp.REGEX, pattern)
    except MatcherError:
        return
    found = texts_of(pattern)
    assert [text for text in found.some if not matcher.matches({"l": text})] == []
    if found.all:
        assert {text for text in tried if matcher.matches({"l": text})} <= set(found.some)


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("warning|critical", {"warning", "critical"}),
        ("warn(ing)?", {"warn", "warning"}),
        ("web-[12]", {"web-1", "web-2"}),
        (r"10\.0\.0\.1", {"10.0.0.1"}),
        ("", {""}),
        ("a{2,3}", {"aa", "aaa"}),
        (r"x\d", {f"x{digit}" for digit in range(10)}),
    ],
)
def test_lists(pattern, texts):
    assert texts_of(pattern) == (texts_of(pattern).some, True)
    assert set(texts_of(pattern).some) == texts


@pytest.mark.parametrize("pattern", [".*", "a+", "[^a]", "(?i)a", r"\w{3}", "a{2,}", "^a$", "(a|b|c|d){5}"])
def test_what_is_endless_or_not_read_is_no_list(pattern):
    assert texts_of(pattern).all is False
