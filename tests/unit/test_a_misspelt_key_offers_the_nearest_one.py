"""Unknown keys point at the key and offer what the model knows there, wherever "there" is."""

from typing import Annotated, Literal

import pytest
from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, RootModel

from remediator.errors import ConfigurationError
from remediator.interfaces.documents import read_document, validate


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Throttle(Strict):
    max: int = 1
    per: str = "1h"


class Limits(Strict):
    cooldown: str = ""
    throttle: Throttle | str | None = None


class Probe(Strict):
    kind: Literal["probe"] = "probe"
    address: str = ""


class Query(Strict):
    kind: Literal["query"]
    expression: str = ""


class Limited(RootModel[dict[str, Limits]]):
    pass


def from_shorthand(value):
    return {"max": 1, "pre": value} if isinstance(value, str) else value


class Rule(Strict):
    name: str = ""
    with_: dict[str, str] = Field({}, alias="with")
    target: str = Field("", validation_alias=AliasChoices("target", "destination"))
    limits: Limits = Limits()
    checks: tuple[Annotated[Probe | Query, Field(discriminator="kind")], ...] = ()
    named: Limited | None = None
    pair: tuple[Limits, Throttle] | None = None
    short: Annotated[Throttle, BeforeValidator(from_shorthand)] = Throttle()


class File(Strict):
    rules: list[Rule] = []


def told(text):
    with pytest.raises(ConfigurationError) as caught:
        validate(read_document(text, "rules/a.yaml"), File)
    return str(caught.value)


def test_it_reads_well():
    text = "rules:\n  - name: a\n    limits: {}\n  - name: b\n    limits:\n      throttle: 1/h\n      cooldwon: 15m\n"
    assert told(text) == (
        'rules/a.yaml:7:7: error: unknown key "cooldwon"\n'
        "          cooldwon: 15m\n"
        "          ^\n"
        '    did you mean "cooldown"?'
    )


@pytest.mark.parametrize(
    ("rule", "key", "hint"),
    [
        ("nam: x", "nam", 'did you mean "name"?'),
        ("wiht: {}", "wiht", 'did you mean "with"?'),
        ("with_: {}", "with_", 'did you mean "with"?'),
        ("destinaton: x", "destinaton", 'did you mean "destination"?'),
        ("limits: {throtle: x}", "throtle", 'did you mean "throttle"?'),
        ("limits: {throttle: {maxx: 1}}", "maxx", 'did you mean "max"?'),
        ("checks: [{kind: probe, adress: x}]", "adress", 'did you mean "address"?'),
        ("checks: [{kind: query, expresion: x}]", "expresion", 'did you mean "expression"?'),
        ("named: {a: {coldown: x}}", "coldown", 'did you mean "cooldown"?'),
        ("pair: [{}, {pre: 1h}]", "pre", 'did you mean "per"?'),
        ("limits: {zzz: 1}", "zzz", "known here: cooldown, throttle"),
    ],
)
def test_along_lists_mappings_unions_and_aliases(rule, key, hint):
    with pytest.raises(ConfigurationError) as caught:
        validate(read_document(f"rules:\n- {{{rule}}}\n", "a.yaml"), File)
    (problem,) = caught.value.problems
    assert problem.message == f'unknown key "{key}"'
    assert problem.source[problem.column - 1 :].startswith(key)
    assert problem.hint == hint


def test_a_key_that_a_validator_made():
    assert told("rules:\n- short: 1h\n") == (
        'rules/a.yaml:2:3: error: unknown key "pre"\n    - short: 1h\n      ^\n    did you mean "per"?'
    )


def test_below_a_path():
    document = read_document("site:\n  limits: {cooldwon: 1m}\n", "a.yaml")
    with pytest.raises(ConfigurationError) as caught:
        validate(document, Limits, ("site", "limits"))
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (2, 12)
    assert problem.hint == 'did you mean "cooldown"?'
    with pytest.raises(ConfigurationError, match='"rules" is missing'):
        validate(document, Limits, ("site", "rules"))
