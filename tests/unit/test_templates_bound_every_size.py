import time

import pytest

from remediator.core.action import Lands
from remediator.core.templates import compile_template
from remediator.errors import RenderError

LONG = "x" * 60_000
DEEP: list = []
for _ in range(200):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "source",
    [
        "{{ labels.long }}{{ labels.long }}",
        "{{ labels.long ~ labels.long }}",
        "{{ labels.longer }}",
        "a{{ labels.longer }}",
        "{{ labels.long | replace('x', labels.long) }}",
        "{{ [labels.long, labels.long] | join('') }}",
        "{{ ['a', 'b', 'c'] | join(labels.long) }}",
        "{{ labels.sharp | upper }}",
        "{{ params.deep }}",
        "{{ params.wide }}",
        "{{ params.texts }}",
        "{{ params.big }}",
        "a{{ params.big }}",
        "{{ params.big * params.big }}",
        "{{ params.nan }}",
        "a{{ params.infinite }}",
        "{{ 9223372036854775807 * 2 }}",
        "{{ 1 / 0 }}",
        "{{ 1 % 0 }}",
        "{{ '9999999999999999999' | int }}",
        "{{ '12e4567' | float }}",
        "{{ 1e308 * 10 }}",
        "{{ 1e300 | round }}",
    ],
)
def test_too_large_is_an_error_at_once(source):
    scope = {
        "labels": {"long": LONG, "longer": LONG * 2, "sharp": "ß" * 60_000},
        "params": {
            "deep": DEEP, "wide": [0] * 20_000, "texts": [LONG, LONG], "big": 10**5000,
            "nan": float("nan"), "infinite": float("inf"),
        },
    }  # fmt: skip
    began = time.perf_counter()
    with pytest.raises(RenderError):
        compile_template(source).render(scope)
    assert time.perf_counter() - began < 1.0


@pytest.mark.parametrize("lands", [Lands.PROMQL, Lands.JSON])
def test_escaping_cannot_exceed_the_limit(lands):
    template = compile_template('["{{ labels.a }}"]' if lands is Lands.JSON else 'x{a="{{ labels.a }}"}', lands)
    with pytest.raises(RenderError, match="65536 characters"):
        template.render({"labels": {"a": "\x01" * 30_000}})


@pytest.mark.parametrize("bad", ["a\0b", "half \ud800"])
@pytest.mark.parametrize("source", ["{{ labels.a }}", "x{{ labels.a }}", "{{ params.a }}"])
def test_nul_and_half_pairs_never_leave(source, bad):
    with pytest.raises(RenderError):
        compile_template(source).render({"labels": {"a": bad}, "params": {"a": [{"b": bad}]}})
