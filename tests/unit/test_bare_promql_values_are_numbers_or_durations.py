import pytest

from remediator.core.action import Lands
from remediator.core.templates import compile_template
from remediator.errors import RenderError


@pytest.mark.parametrize(
    ("source", "value", "rendered"),
    [
        ("x > {{ params.v }}", 5, "x > 5"),
        ("x > {{ params.v }}", -0.5, "x > -0.5"),
        ("x>{{ params.v }}", 1e-05, "x>1e-05"),
        ("{{ params.v }}^2", -5, "(-5)^2"),
        ("{{ params.v }} ^2", 5, "5 ^2"),
        ("rate(x[{{ params.v }}])", "5m", "rate(x[5m])"),
        ("x offset {{ params.v }}", "1h30m", "x offset 1h30m"),
        ("rate(x[{{ params.v }}m])", 5, "rate(x[5m])"),
        ("x[{{ params.v }}:{{ params.v }}]", "1m", "x[1m:1m]"),
        ("topk({{ params.v }}, x)", 3, "topk(3, x)"),
    ],
)
def test_they_stand(source, value, rendered):
    assert compile_template(source, Lands.PROMQL).render({"params": {"v": value}}) == rendered


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("x > {{ params.v }}", "1) or (1"),
        ("x > {{ params.v }}", "0.5"),
        ("x > {{ params.v }}", "5m "),
        ("x > {{ params.v }}", "m5"),
        ("x > {{ params.v }}", ""),
        ("x > {{ params.v }}", "up"),
        ("x > {{ params.v }}", True),
        ("x > {{ params.v }}", None),
        ("x > {{ params.v }}", [5]),
        ("x > {{ params.v }}", float("inf")),
        ("x > {{ params.v }}", float("nan")),
        ("x > {{ params.v }}", 2**70),
        ("rate(x[{{ params.v }}m])", 2.5),
        ("rate(x[{{ params.v }}m])", -5),
        ("rate(x[{{ params.v }}m])", "5"),
        ("rate(x[{{ params.v }}m])", True),
        ("{{ params.v }}", "vector(1)"),
    ],
)
def test_nothing_else_stands(source, value):
    with pytest.raises(RenderError):
        compile_template(source, Lands.PROMQL).render({"params": {"v": value}})


def test_a_number_alone_is_text():
    assert compile_template("{{ params.v }}", Lands.PROMQL).render({"params": {"v": 5}}) == "5"
