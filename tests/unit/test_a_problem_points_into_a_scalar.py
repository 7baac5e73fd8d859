import pytest
from pydantic import BaseModel, field_validator

from remediator.core.matchers import parse_matchers
from remediator.errors import ConfigurationError, MatcherError
from remediator.interfaces.documents import problem_at, read_document, validate

TEXT = """\
plain: abc def
double: "a\\tb\\u00e9\\"c"
single: 'it''s x'
tagged: &here !!str abc
block: |
    first
      x second

    third
deeper: |2
    abc
folded: >
  a b
spread: one
  two
list: [{a: b}]
"""


@pytest.mark.parametrize(
    ("path", "offset", "line", "column"),
    [
        (("plain",), 0, 1, 8),
        (("plain",), 4, 1, 12),
        (("plain",), 99, 1, 15),
        (("double",), 0, 2, 9),
        (("double",), 1, 2, 11),  # the tab
        (("double",), 2, 2, 13),
        (("double",), 3, 2, 14),  # é
        (("double",), 4, 2, 20),
        (("double",), 5, 2, 22),
        (("double",), 99, 2, 23),
        (("single",), 2, 3, 12),
        (("single",), 3, 3, 14),
        (("tagged",), 1, 4, 22),
        (("block",), 6, 7, 5),
        (("block",), 8, 7, 7),
        (("block",), 17, 8, 1),
        (("block",), 19, 9, 6),
        (("deeper",), 3, 11, 6),
        (("folded",), 2, 12, 9),
        (("spread",), 5, 14, 9),
        (("list", 0, "a"), 0, 16, 12),
        (("list", 0, "b"), 0, 16, 8),
        (("list", 7, "b", "c"), 3, 16, 7),
        (("nowhere",), 0, 1, 1),
    ],
)
def test_the_caret(path, offset, line, column):
    document = read_document(TEXT, "a.yaml")
    problem = problem_at(document, path, "x", offset=offset)
    assert (problem.line, problem.column) == (line, column)
    assert problem.source == document.line(problem.line)


def test_on_a_key():
    document = read_document(TEXT, "a.yaml")
    assert problem_at(document, ("list", 0, "a"), "x", on_key=True).column == 9
    assert problem_at(document, ("list", 0), "x", on_key=True).column == 8  # an item has no key
    assert problem_at(document, ("list", "q"), "x", on_key=True).column == 1  # the nearest that is there


def test_a_warning():
    problem = problem_at(read_document(TEXT, "a.yaml"), ("plain",), "odd", "think", severity="warning")
    assert str(problem) == "a.yaml:1:8: warning: odd\n    plain: abc def\n           ^\n    think"


class Match(BaseModel):
    match: str

    @field_validator("match")
    @classmethod
    def _readable(cls, text):
        try:
            parse_matchers(text)
        except MatcherError as error:
            raise ValueError(str(error)) from error
        return text


def test_a_validator_tells_the_character():
    with pytest.raises(ConfigurationError) as caught:
        validate(read_document("match: 'a=\"it''s\", b=~\"(?=x)\"'\n", "a.yaml"), Match)
    assert str(caught.value) == (
        'a.yaml:1:23: error: RE2 cannot read the regex "(?=x)": invalid perl operator: (?=; RE2 has no look-around\n'
        "    match: 'a=\"it''s\", b=~\"(?=x)\"'\n"
        "                          ^"
    )
