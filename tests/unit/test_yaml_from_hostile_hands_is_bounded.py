import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediator.errors import ConfigurationError
from remediator.interfaces.documents import problem_at, read_document

ALIASES = "".join(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 12))
MERGES = "".join(f"a{level}: &a{level}\n  <<: [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 12))
NESTED = "".join(f"a{level}: &a{level} " + "[" * 40 + f"*a{level - 1}" + "]" * 40 + "\n" for level in range(1, 40))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a0: &a0 [x]\n" + ALIASES, "too large with all that its aliases stand for"),
        ("a0: &a0 {x: y}\n" + MERGES, "too large with all that its aliases stand for"),
        ("a: &a " + "x" * 500_000 + "\nb: [" + "*a, " * 9 + "]\n", "too large with all that its aliases stand for"),
        ("a0: &a0 x\n" + NESTED, "nested deeper than 64 levels"),
        ("[" * 1_000_000, "nested deeper than 64 levels"),
        ("- " * 500_000, "nested deeper than 64 levels"),
        ("{a: " * 200_000, "nested deeper than 64 levels"),
        ("? " * 500_000, "nested deeper than 64 levels"),
        ("[" + "1," * 200_000 + "]", "more than 150000 keys and values"),
        ("a: " + "x" * 1_048_576, "larger than 1024 KiB"),
        ("a: " + "é" * 524_288, "larger than 1024 KiB"),
        ("a: \ud800", "U+D800 cannot stand in YAML"),
    ],
)
def test_what_is_too_much(text, message):
    with pytest.raises(ConfigurationError) as caught:
        read_document(text, "a.yaml")
    assert message in caught.value.problems[-1].message
    assert len(str(caught.value)) < 2_000


def test_many_problems_are_cut():
    with pytest.raises(ConfigurationError) as caught:
        read_document("a: 1\n" * 1_000, "a.yaml")
    assert len(caught.value.problems) == 100


def test_a_shown_line_is_cut():
    with pytest.raises(ConfigurationError) as caught:
        read_document("a: &a [*a, " + "x" * 10_000 + "]\n" + "b" * 100_000 + ": [1, *b]\n", "a.yaml")
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize(
    "text",
    [
        "{k}: 1\n{k}: 2\n".replace("{k}", "k" * 50_000),
        "a: {{ " + "x" * 50_000 + " }}",
        "a: !" + "x" * 50_000 + " y",
        "a: !!int " + "x" * 50_000,
        '"\\x1b[31m": 1\n"\\x1b[31m": 2\n',
    ],
)
def test_what_a_message_repeats_is_cut_and_printable(text):
    with pytest.raises(ConfigurationError) as caught:
        read_document(text, "a.yaml")
    assert len(str(caught.value)) < 1_000
    assert all(line.isprintable() for line in str(caught.value).split("\n"))


SCRAPS = st.text(
    st.sampled_from("ab1: -?\n\n  [[]{}{},,\"'|>&*!<%@`#~.\t\\é\u2028\x85\r\ufeff\x00\ud800") | st.characters(),
    max_size=60,
)


@given(SCRAPS, st.integers(0, 80))
def test_any_text_is_read_or_refused(text, offset):
    try:
        document = read_document(text, "a.yaml")
    except ConfigurationError as error:
        problems = list(error.problems)
    else:
        problems = [problem_at(document, path, "x", offset=offset) for path in document.places]
    for problem in problems:
        assert 0 <= problem.line <= len(text) + 1
        assert 0 <= problem.column <= len(text) + 1
        assert str(problem)
