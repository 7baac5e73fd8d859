import pytest

from remediator.core.templates import compile_template
from remediator.errors import RenderError

SCOPE = {
    "params": {
        "text": " Ab cd ", "list": [3, 1, 2], "words": ["b", "a"], "empty": [], "map": {"a": 1},
        "x": 2.5, "n": 2**60 + 1,
    }
}  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("params.text | lower | trim", "ab cd"),
        ("params.text | upper", " AB CD "),
        ("params.text | replace(' ', '-')", "-Ab-cd-"),
        ("params.text | length", 7),
        ("params.list | length + params.map | count", 4),
        ("params.list | join(', ')", "3, 1, 2"),
        ("params.words | join", "ba"),
        ("params.list | first", 3),
        ("params.list | last", 2),
        ("params.text | trim | first", "A"),
        ("params.list | min", 1),
        ("params.words | max", "b"),
        ("params.list | sum", 6),
        ("-5 | abs", 5),
        ("(-5) | abs", 5),
        ("'42' | int", 42),
        ("' -7 ' | int", -7),
        ("'42.9' | int", 42),
        ("params.x | int", 2),
        ("params.n | int", 2**60 + 1),
        ("'1e3' | float", 1000.0),
        ("'.5' | float", 0.5),
        ("params.x | round", 2),
        ("2.346 | round(2)", 2.35),
        ("params.x | round(0, 'ceil')", 3),
        ("params.x | round(0, 'floor')", 2),
        ("2.341 | round(2, 'ceil')", 2.35),
        ("'abcdef' | truncate(4)", "abc…"),
        ("'abcdef' | truncate(4, '')", "abcd"),
        ("'abc' | truncate(4)", "abc"),
        ("params.x | string", "2.5"),
        ("true | string", "true"),
    ],
)
def test_what_they_give(expression, expected):
    made = compile_template("{{ " + expression + " }}").render(SCOPE)
    assert (type(made), made) == (type(expected), expected)


@pytest.mark.parametrize(
    "expression",
    [
        "'abc' | int",
        "'' | int",
        "'1_000' | int",
        "'٣' | int",
        "'0x10' | int",
        "'nan' | float",
        "'inf' | float",
        "'1e999' | float",
        "'abc' | float",
        "none | int",
        "true | int",
        "params.empty | first",
        "params.empty | min",
        "5 | lower",
        "5 | length",
        "'abc' | join",
        "'abc' | sum",
        "'abc' | round",
        "1.5 | round(-1)",
        "1.5 | round(99)",
        "1.5 | round('x')",
        "1.5 | round(0, 'up')",
        "'abc' | replace('', 'x')",
        "'abc' | truncate('x')",
        "'abc' | truncate(-1)",
        "params.list | string",
    ],
)
def test_what_they_refuse(expression):
    with pytest.raises(RenderError):
        compile_template("{{ " + expression + " }}").render(SCOPE)
