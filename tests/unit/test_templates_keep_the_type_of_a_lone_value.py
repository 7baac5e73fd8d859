import pytest

from remediator.core.templates import compile_template

SCOPE = {
    "labels": {"version": "1.10", "huge": "12e4567", "flag": "true"},
    "params": {"count": 3, "share": 0.5, "on": True, "list": [1, {"a": None}]},
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ labels.version }}", "1.10"),
        ("{{ labels.huge }}", "12e4567"),
        ("{{ labels.flag }}", "true"),
        ("{{params.count}}", 3),
        ("{{ params.share }}", 0.5),
        ("{{ params.on }}", True),
        ("{{ params.list }}", [1, {"a": None}]),
        ("{{ params.count * 2 }}", 6),
    ],
)
def test_a_lone_value_keeps_its_type(source, expected):
    rendered = compile_template(source).render(SCOPE)
    assert (type(rendered), rendered) == (type(expected), expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (" {{ params.count }}", " 3"),
        ("v{{ labels.version }}", "v1.10"),
        ("{{ params.count }}{{ params.share }}", "30.5"),
        ("on: {{ params.on }}\n", "on: true\n"),
        ("no template }} # {# here #}", "no template }} # {# here #}"),
        ("{{ '{{' }} and {{ \"}}\" }}", "{{ and }}"),
    ],
)
def test_mixed_text_is_text(source, expected):
    assert compile_template(source).render(SCOPE) == expected


def test_a_lone_value_is_a_copy():
    rendered = compile_template("{{ params.list }}").render(SCOPE)
    rendered.append("more")
    assert SCOPE["params"]["list"] == [1, {"a": None}]
