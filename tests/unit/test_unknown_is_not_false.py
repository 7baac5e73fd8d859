import json

import pytest

from remediator.core.action import Lands
from remediator.core.templates import UNKNOWN, StepScope, Unknown, compile_condition, compile_template
from remediator.errors import RenderError, UnknownValueError

FIELDS = frozenset({"used", "rows", "note"})
SCOPE = {
    "labels": {"severity": "critical"},
    "params": {"lost": UNKNOWN, "nested": [UNKNOWN]},
    "steps": {
        "pool": StepScope({"used": 0.9, "rows": []}, ok=True, error="", fields=FIELDS),
        "gone": StepScope(None, ok=False, error="connection\nrefused", fields=FIELDS),
        "later": StepScope(None, ok=False, error="", fields=FIELDS),
        "half": StepScope({"used": 0.9}, ok=False, error="timed out", fields=FIELDS),
    },
}


@pytest.mark.parametrize(
    "expression",
    [
        "steps.gone.used",
        "steps.gone.used > 1",
        "steps.gone.used == none",
        "not steps.gone.used",
        "steps.gone.used or true",
        "false or steps.gone.used",
        "steps.gone.used | default(0)",
        "steps.gone.used is defined",
        "steps.gone.used is undefined",
        "steps.gone.used is none",
        "steps.gone.used | string",
        "steps.gone.rows | length",
        "steps.gone.rows[0].pid",
        "[steps.gone.used]",
        "'a' ~ steps.gone.used",
        "'a' in steps.gone.rows",
        "1 if steps.gone.used else 2",
        "-steps.gone.used",
        "labels[steps.gone.note]",
    ],
)
def test_every_use_says_which_step_is_unknown(expression):
    with pytest.raises(UnknownValueError, match=r"steps\.gone\.\w+.* is unknown: connection refused"):
        compile_template("{{ " + expression + " }}").render(SCOPE)
    for lands in (Lands.TEXT, Lands.ARGV):
        with pytest.raises(UnknownValueError, match="connection refused"):
            compile_template("x{{ " + expression + " }}", lands).render(SCOPE)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("steps.later.used > 1", "steps.later.used is unknown: the step did not run"),
        ("steps.half.used > 0.5", "steps.half.used is unknown: timed out"),
        ("steps.pool.note == 'x'", "steps.pool.note is unknown: the step gave no such output"),
        ("not (steps.later.used > 1)", "steps.later.used is unknown: the step did not run"),
        ("params.lost == 1", "params.lost is unknown: the value is unknown"),
        ("params.nested[0] == 1", "params.nested[0] is unknown: the value is unknown"),
        ("1 in params.nested", "the value is unknown"),
    ],
)
def test_a_condition_that_touches_it_does_not_hold(expression, reason):
    verdict = compile_condition(expression).holds(SCOPE)
    assert (verdict.value, verdict.unknown, verdict.reason) == (False, True, reason)


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("steps.gone.ok", False),
        ("not steps.gone.ok", True),
        ("steps.pool.ok and steps.pool.used > 0.5", True),
        ("steps.gone.ok and steps.gone.used > 0.5", False),
        ("labels.severity == 'critical' or steps.gone.used > 0.5", True),
        ("steps.gone.error == 'connection\\nrefused'", True),
        ("steps.pool.error == ''", True),
    ],
)
def test_whether_a_step_went_well_is_always_known(expression, holds):
    verdict = compile_condition(expression).holds(SCOPE)
    assert (verdict.value, verdict.unknown) == (holds, False)


def test_a_field_that_no_step_declares_is_missing_not_unknown():
    with pytest.raises(RenderError, match=r"no steps\.gone\.typo") as caught:
        compile_template("{{ steps.gone.typo }}").render(SCOPE)
    assert not isinstance(caught.value, UnknownValueError)


def test_a_step_without_declared_fields_is_unknown_whatever_is_asked():
    scope = {"steps": {"gone": StepScope(None, ok=False, error="it has not run")}}
    with pytest.raises(UnknownValueError, match="it has not run"):
        compile_template("{{ steps.gone.anything }}").render(scope)


@pytest.mark.parametrize("source", ["{{ params.nested }}", "{{ steps.pool }}", "{{ steps }}"])
def test_it_is_not_carried_out_inside_of_something(source):
    with pytest.raises(RenderError):
        compile_template(source).render(SCOPE)


@pytest.mark.parametrize(
    "use",
    [bool, str, len, list, hash, int, float, lambda value: value == 1, lambda value: value > 1, lambda value: value + 1,
     lambda value: 1 * value, lambda value: f"{value}", lambda value: 1 in value, lambda value: value["x"]],
)  # fmt: skip
def test_it_cannot_be_used_outside_of_expressions_either(use):
    with pytest.raises(UnknownValueError, match="nobody looked"):
        use(Unknown("nobody looked"))


def test_it_cannot_be_written_as_json():
    with pytest.raises(TypeError):
        json.dumps({"a": UNKNOWN})
