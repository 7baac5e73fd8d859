from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired, Union

import pytest
from pydantic import BaseModel, Field, JsonValue, RootModel, StringConstraints
from typing_extensions import TypeAliasType, TypedDict

from remediator.core.action import Argv, Json, Lands, Parameters, PromQL, Url
from remediator.core.templates import lands_of, leaf_at


class Inner(BaseModel):
    url: Url
    kind: Literal["inner"] = "inner"


class Other(BaseModel):
    body: Json
    kind: Literal["other"] = "other"


class Typed(TypedDict):
    query: PromQL
    url: NotRequired[Url]


@dataclass
class Data:
    query: PromQL


class Roots(RootModel[list[Argv]]):
    pass


Alias = TypeAliasType("Alias", Url)


class Everything(Parameters):
    text: str
    query: PromQL
    maybe: PromQL | None = None
    either: int | Argv = 0
    limited: Annotated[PromQL, StringConstraints(max_length=5)]
    described: PromQL = Field(description="a query")
    outer: Annotated[list[Annotated[str, StringConstraints(max_length=5)]] | None, Lands.ARGV] = None
    arguments: list[Argv]
    pair: tuple[str, Url]
    many: tuple[Url, ...]
    bodies: dict[str, Json]
    deep: dict[str, list[Inner | None]]
    union: Annotated[Union[Inner, Other], Field(discriminator="kind")]  # noqa: UP007 -- the older form is read, too
    shape: Url | list[Argv]
    from_: Url = Field(alias="from")
    alias: Alias
    typed: Typed
    data: Data
    root: Roots
    anything: Any
    value: JsonValue
    number: int


@pytest.mark.parametrize(
    ("path", "lands"),
    [
        (("text",), Lands.TEXT),
        (("query",), Lands.PROMQL),
        (("maybe",), Lands.PROMQL),
        (("either",), Lands.ARGV),
        (("limited",), Lands.PROMQL),
        (("described",), Lands.PROMQL),
        (("outer", 0), Lands.ARGV),
        (("arguments", 7), Lands.ARGV),
        (("pair", 0), Lands.TEXT),
        (("pair", 1), Lands.URL),
        (("many", 3), Lands.URL),
        (("bodies", "x"), Lands.JSON),
        (("deep", "x", 2, "url"), Lands.URL),
        (("deep", "x", 2, "kind"), Lands.TEXT),
        (("union", "url"), Lands.URL),
        (("union", "body"), Lands.JSON),
        (("shape",), Lands.URL),
        (("shape", 0), Lands.ARGV),
        (("from",), Lands.URL),
        (("from_",), Lands.URL),
        (("alias",), Lands.URL),
        (("typed", "query"), Lands.PROMQL),
        (("typed", "url"), Lands.URL),
        (("data", "query"), Lands.PROMQL),
        (("root", 0), Lands.ARGV),
        (("anything", "x", 0), Lands.TEXT),
        (("value", "x", 0, "y"), Lands.TEXT),
        (("nope",), Lands.TEXT),
        (("text", "x"), Lands.TEXT),
        (("query", 0), Lands.TEXT),
    ],
)
def test_it_lands(path, lands):
    assert lands_of(Everything, path) is lands


@pytest.mark.parametrize(
    ("path", "is_text"),
    [
        (("text",), True),
        (("maybe",), True),
        (("either",), False),
        (("number",), False),
        (("anything",), False),
        (("pair", 0), True),
    ],
)
def test_whether_only_text_can_stand_there(path, is_text):
    assert leaf_at(Everything, path).is_text is is_text


def test_two_ways_at_once_are_a_mistake_of_the_model():
    class Torn(BaseModel):
        both: PromQL | Url

    with pytest.raises(TypeError, match=r"Torn\.both: a text could land as promql or url"):
        lands_of(Torn, ("both",))
