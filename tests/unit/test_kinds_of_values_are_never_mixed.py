import pytest

from remediator.core.templates import compile_template
from remediator.errors import RenderError

SCOPE = {
    "labels": {"code": "500", "false": "false", "word": "abc"},
    "params": {
        "n": 500, "x": 0.5, "nan": float("nan"), "on": True, "no": None, "list": [1, 2], "map": {"k": 1},
        "words": ["a", "b"],
    },
}  # fmt: skip


@pytest.mark.parametrize(
    "expression",
    [
        "labels.code == params.n",
        "labels.code != params.n",
        "labels.code in [500, 502]",
        "labels.code in ['500', 502]",
        "params.n in labels.code",
        "labels.code < params.n",
        "params.on == 1",
        "params.on > 0",
        "params.no < 1",
        "params.list < [3]",
        "params.list == 'x'",
        "params.nan > 1",
        "params.nan == params.nan",
        "not params.nan > 1",
        "labels.code + 1",
        "labels.code * 2",
        "params.on + 1",
        "-labels.code",
        "params.list ~ 'x'",
        "params.no ~ 'x'",
        "not labels.false",
        "labels.false and true",
        "true and labels.false",
        "1 if params.n else 2",
        "not params.no",
        "not params.list",
        "[1, 'a'] | max",
        "[1, 'a'] | sum",
        "params.map ~ ''",
    ],
)
def test_an_error(expression):
    with pytest.raises(RenderError):
        compile_template("{{ " + expression + " }}").render(SCOPE)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("labels.code | int == params.n", True),
        ("params.n > params.x", True),
        ("params.x == 0.5 and 1 == 1.0", True),
        ("params.no == none", True),
        ("params.n == none", False),
        ("labels.word != none", True),
        ("params.no is none", True),
        ("params.n is number and labels.code is string", True),
        ("'b' in labels.word and 'z' not in labels.word", True),
        ("'k' in params.map", True),
        ("2 in params.list", True),
        ("'c' in params.words", False),
        ("params.list == [1, 2]", True),
        ("'a' < 'b' < 'c'", True),
        ("1 < 3 < 2", False),
        ("params.on == true", True),
        ("not (params.n > 499 and params.on)", False),
        ("labels.code ~ '-' ~ params.n ~ '-' ~ params.on", "500-500-true"),
        ("(params.n + 1) * 2 - 4 / 2", 1000.0),
        ("7 // 2 + 7 % 4 - -1", 7),
        ("'big' if params.n >= 500 else 'small'", "big"),
    ],
)
def test_in_order(expression, expected):
    made = compile_template("{{ " + expression + " }}").render(SCOPE)
    assert (type(made), made) == (type(expected), expected)
