from hypothesis import assume, given
from hypothesis import strategies as st

from remediator.core.matchers import Matcher, MatchOp, Parsed, parse_matchers
from remediator.errors import MatcherError

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
TRICKY = st.text(st.sampled_from("ab_:=!~{},\\\"'`\n\t\r\x0b\x0c\x1c\x85\xa0\u2003é🙂0n.[("), max_size=12)
HOSTILE = st.text(st.sampled_from("ab:=!~{},\\\"'`\n \xa0é🙂0nxuU.*[](){}|?+\ud800\x00"), max_size=30)


@st.composite
def matchers(draw):
    name, value = draw(TEXT | TRICKY), draw(TEXT | TRICKY)
    try:
        return Matcher(name, draw(st.sampled_from(MatchOp)), value)
    except MatcherError:
        assume(condition=False)


@given(matchers())
def test_one_matcher(matcher):
    assert parse_matchers(str(matcher)) == Parsed((matcher,))


@given(st.lists(matchers(), max_size=4).map(tuple), st.booleans(), st.booleans())
def test_several_matchers(many, braces, comma):
    text = ", ".join(str(matcher) for matcher in many) + ("," if comma and many else "")
    assert parse_matchers(f"{{{text}}}" if braces else text) == Parsed(many)


@given(HOSTILE | st.text())
def test_hostile_text_is_read_or_refused(text):
    try:
        parsed = parse_matchers(text)
    except MatcherError as error:
        offset = error.offset
    else:
        offset = 0
        for matcher in parsed.matchers:
            matcher.matches({matcher.name: text})
        again = parse_matchers(", ".join(str(matcher) for matcher in parsed.matchers))
        assert again == Parsed(parsed.matchers)
    assert 0 <= offset <= len(text)


@given(TEXT, TEXT)
def test_a_label_value_is_data(value, other):
    assert Matcher("a", MatchOp.EQUAL, value).matches({"a": other}) is (value == other)
