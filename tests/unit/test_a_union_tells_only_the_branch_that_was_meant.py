from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from remediator.errors import ConfigurationError
from remediator.interfaces.documents import read_document, validate


class Small(BaseModel):
    model_config = ConfigDict(extra="forbid")
    max: int
    per: str


class Probe(BaseModel):
    kind: Literal["probe"]


class Query(BaseModel):
    kind: Literal["query"]
    expression: str


class Model(BaseModel):
    throttle: str | Small | None = None
    limit: Literal["never"] | int = 1
    check: Annotated[Probe | Query, Field(discriminator="kind")] | None = None
    many: list[int | list[Small | int]] = []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("throttle: {max: 1, pre: 1h}", [('unknown key "pre"', 'did you mean "per"?')]),
        ("throttle: {max: x, per: 1h}", [('a whole number is needed, got text "x"', "")]),
        ("throttle: 5", [("text or a mapping (key: value) is needed, got the number 5", 'put it in quotes: "5"')]),
        ("limit: nevr", [('"never" or a whole number is needed, got text "nevr"', 'did you mean "never"?')]),
        ("check: {kind: probee}", [('must be one of probe, query; got "probee"', 'did you mean "probe"?')]),
        ("check: {kind: query}", [('"expression" is missing', "")]),
        ("check: {}", [('"kind" is missing', "")]),
        ("many: [[{max: 1, per: 2}]]", [("text is needed, got the number 2", 'put it in quotes: "2"')]),
        ("many: [[x]]", [('a mapping (key: value) or a whole number is needed, got text "x"', "")]),
        ("many: [x]", [('a whole number or a list is needed, got text "x"', "")]),
    ],
)
def test_one_problem_each(text, told):
    with pytest.raises(ConfigurationError) as caught:
        validate(read_document(text, "a.yaml"), Model)
    assert [(problem.message, problem.hint) for problem in caught.value.problems] == told
