import pytest

from remediator.core.templates import StepScope, compile_condition
from remediator.errors import TemplateError

SCOPE = {
    "labels": {"severity": "warning", "long": "x" * 100, "odd": "a\nb", "a-b": "c"},
    "params": {"limit": 0.85, "list": [1, 2]},
    "steps": {
        "pool": StepScope({"used_share": 0.4, "headroom": 30, "rows": [{"n": 1}]}, ok=True, error=""),
        "w": StepScope({"rolling_out": False}, ok=True, error=""),
    },
}
BOTH = "steps.w.rolling_out = false, steps.pool.headroom = 30"


@pytest.mark.parametrize(
    ("source", "holds", "reason"),
    [
        ("steps.pool.used_share > 0.85", False, "steps.pool.used_share = 0.4"),
        ("steps.pool.used_share > params.limit", False, "steps.pool.used_share = 0.4, params.limit = 0.85"),
        ("steps.pool.used_share > 0.85 and not steps.w.rolling_out", False, "steps.pool.used_share = 0.4"),
        ("not steps.w.rolling_out and steps.pool.headroom >= 40", False, "steps.pool.headroom = 30"),
        ("not steps.w.rolling_out and steps.pool.headroom >= 20", True, BOTH),
        ("steps.w.rolling_out or steps.pool.headroom > 50", False, BOTH),
        ("steps.w.rolling_out or steps.pool.headroom > 20", True, "steps.pool.headroom = 30"),
        ("not (steps.pool.headroom > 20 or steps.w.rolling_out)", False, "steps.pool.headroom = 30"),
        ("labels.severity in ['critical', 'page']", False, 'labels.severity = "warning"'),
        ("labels.owner is defined", False, "labels.owner is missing"),
        ("labels.long == 'x'", False, f'labels.long = "{"x" * 40}…"'),
        ("labels.odd == 'x'", False, 'labels.odd = "a·b"'),
        ("labels['a-b'] != 'c'", False, "labels['a-b'] = \"c\""),
        ("params.list == [1]", False, "params.list = a list"),
        ("steps.pool.rows[0].n > 1", False, "steps.pool.rows[0].n = 1"),
        ("0.2 < steps.pool.used_share <= 0.4", True, "steps.pool.used_share = 0.4"),
        ("true", True, "true is always true"),
        ("\n  steps.pool.ok\n  and steps.w.ok", True, "steps.pool.ok = true, steps.w.ok = true"),
    ],
)  # fmt: skip
def test_the_values_that_decided(source, holds, reason):
    verdict = compile_condition(source).holds(SCOPE)
    assert (verdict.value, verdict.reason, verdict.unknown) == (holds, reason, False)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("labels.severity > 1", "labels.severity: compares text with a number"),
        ("not (labels.severity > 1)", "labels.severity: compares text with a number"),
        ("labels.severity == 1", "labels.severity: compares text with a number"),
        ("labels.severity", "text where only true or false can stand; compare it with something"),
        ("steps.pool.headroom", "a number where only true or false can stand; compare it with something"),
        (
            "labels.owner != 'x'",
            "the alert has no labels.owner; if that is in order, write labels.owner | default('…')",
        ),
        ("steps.nope.ok", "there is no steps.nope"),
    ],
)
def test_what_is_wrong_does_not_hold(source, reason):
    verdict = compile_condition(source).holds(SCOPE)
    assert (verdict.value, verdict.reason, verdict.unknown) == (False, reason, False)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ steps.pool.ok }}", "without braces"),
        ("", "empty"),
        (" \n", "empty"),
        ("1 + 1", "true or false"),
        ("'text'", "true or false"),
        ("0.5", "true or false"),
        ("steps.pool.ok and", "end"),
        ("steps.pool.ok steps.w.ok", "not expected"),
        ("steps.pool.used_share > 0.85 && true", "unexpected char"),
        ("steps.pool.items()", "calls"),
    ],
)
def test_refused_at_load(source, told):
    with pytest.raises(TemplateError, match=told):
        compile_condition(source)
