"""Bind a guide to an alert: parameters rendered and validated, target known, everything frozen.

Pure. A plan that cannot be made (a missing label, a value that must not land there, an empty
segment in the target) is a refusal with its reason, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import re2
from msgspec import Struct
from pydantic import ValidationError

from remediator.core.action import Action, Parameters
from remediator.core.alert import Alert
from remediator.core.durations import parse_duration
from remediator.core.guide import ParameterText
from remediator.core.limits import Throttle
from remediator.core.problems import nearest
from remediator.core.records import Args, Entry, Outcome, Phase, Plan, StepPlan
from remediator.core.rules import Guide, Rule
from remediator.core.templates import StepScope, compile_template, is_templated, render_tree
from remediator.core.unprintable import CONTROLS, LINE_ENDS
from remediator.errors import RenderError

Find = Callable[[str], Action[Any, Any] | None]

PRIORITIES = {
    "critical": 0,
    "page": 0,
    "sev1": 0,
    "sev-1": 0,
    "error": 1,
    "high": 1,
    "warning": 2,
    "info": 4,
    "none": 4,
}
"""Urgency by the label ``severity``; 0 goes first. What is not listed counts as 3."""

ADVICE = {
    "parameters": "correct what the rule hands over under with, or the alert's labels",
    "connection": "configure that connection, or correct the label that chooses it",
    "target": "correct the guide's target, or the labels that it is made of",
    "stale": "a person can do it by hand, or raise the rule's max_age",
    "defect": "report it, with the rule and the alert's labels",
}
"""What a person can do, by the guard that refused before there was a run."""

_SEGMENT = re.compile(rf"[^\s/{CONTROLS}{LINE_ENDS}]{{1,253}}")
_SEGMENT_ENDS = re.compile(r"/(?![^{]*\}\})")
_WORD_BITS = 64


class Refusal(Struct, frozen=True):
    """Why no plan can be made; final."""

    guard: str
    reason: str

    @property
    def said(self) -> str:
        """Why, and what a person can do: the words that the decision, the log and the API have."""
        advice = ADVICE.get(self.guard, "")
        return f"{self.reason}; {advice}" if advice else self.reason


def bind(rule: Rule, alert: Alert, find: Find, ready: dict[str, Parameters] | None = None) -> Plan | Refusal:
    """Return the plan of this rule for this alert, or why there can be none.

    ``ready`` is filled with the parameters, by ``remedy/index``, that are known already: whoever performs
    the plan in this process need not render them again.
    """
    text, guide = rule.text, rule.guide
    scope: dict[str, object] = {
        "labels": alert.labels,
        "annotations": alert.annotations,
        "alert": {"name": alert.name, "fingerprint": alert.fingerprint, "starts_at": alert.starts_at},
        "rule": rule.name,
        "guide": guide.name,
    }
    try:
        params = _parameters(rule, scope)
    except RenderError as error:
        return Refusal("parameters", str(error))
    scope["params"] = params
    try:
        _check_connections(guide, scope)
    except RenderError as error:
        return Refusal("connection", str(error))
    try:
        target = target_of(guide.segments, scope)
        locks, backends = _touched(rule, target, scope, find, ready if ready is not None else {})
    except RenderError as error:
        return Refusal("target", str(error))
    throttle = text.limits.throttle
    return Plan(
        rule=rule.name, guide=guide.name, summary=guide.text.summary, mode=text.mode,
        fingerprint=alert.fingerprint, starts_at=alert.starts_at, labels=alert.labels, annotations=alert.annotations,
        params=params, target=target, locks=locks, backends=backends,
        priority=PRIORITIES.get(alert.labels.get("severity", ""), 3),
        diagnose=guide.diagnose, remedies=guide.remedies, verify=guide.verify,
        undo=guide.text.undo, escalate=guide.text.escalate, notes=guide.text.notes,
        runbook_url=text.runbook_url or alert.annotations.get("runbook_url", ""),
        wait=text.for_, cooldown=text.limits.cooldown,
        throttle=Throttle(throttle.max, throttle.per) if throttle else None,
        call_people=guide.text.call_people, timeout=guide.text.timeout,
        approval_timeout=text.approval_timeout, limits=rule.limits,
        silence=text.silence == "while_working",
    )  # fmt: skip


def target_of(segments: tuple[str, ...], scope: Mapping[str, object]) -> str:
    """Render a target. Each segment lands alone: a value can neither add a segment nor leave one empty."""
    rendered = []
    for source in segments:
        value = str(compile_template(source).render(scope))
        if not _SEGMENT.fullmatch(value) or value in (".", ".."):
            raise RenderError(f'the target\'s segment "{source}" became {value[:80]!r}: it must be 1 to 253 characters '
                              "without blanks, slashes or control characters")  # fmt: skip
        rendered.append(value)
    return "/".join(rendered)


def split_target(source: str) -> tuple[str, ...]:
    """Split a target's template at the slashes that stand outside of ``{{ }}``."""
    return tuple(_SEGMENT_ENDS.split(source))


def covers(scope: str, target: str) -> bool:
    """Whether a lock (or an allowed place) named ``scope`` holds the target: itself or an ancestor of it."""
    return target == scope or target.startswith(scope + "/")


def validated(action: Action[Any, Any], step: StepPlan, scope: Mapping[str, object]) -> Parameters:
    """Render a step's arguments by where each lands and validate them. Raise RenderError with the field."""
    rendered = render_tree(step.args, action.parameters, scope)
    try:
        made: Parameters = action.parameters.model_validate(rendered)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RenderError(f"{action.name}: {place}: {first['msg']}") from error
    return made


def scope_of(plan: Plan, journal: Mapping[str, Entry], cycle: int) -> dict[str, object]:
    """Return what templates and conditions can ask in this cycle; what failed or never ran is unknown."""
    steps: dict[str, StepScope] = {}
    declared = [*plan.diagnose, *(step for remedy in plan.remedies for step in remedy.steps)]
    for step in declared:
        steps[step.id] = StepScope(outputs=None, ok=False, error="it has not run")
    for entry in journal.values():
        if entry.cycle == cycle and entry.phase in (Phase.DIAGNOSE, Phase.ACT):
            done = entry.outcome is Outcome.DONE
            steps[entry.step] = StepScope(outputs=entry.output if done else None, ok=done, error=entry.error)
    return {
        "labels": plan.labels,
        "annotations": plan.annotations,
        "params": plan.params,
        "steps": steps,
        "alert": {
            "name": plan.labels.get("alertname", ""),
            "fingerprint": plan.fingerprint,
            "starts_at": plan.starts_at,
        },
        "rule": plan.rule,
        "guide": plan.guide,
    }


def _check_connections(guide: Guide, scope: Mapping[str, object]) -> None:
    """Raise RenderError when an alert chooses a connection that is not configured: every step would fail there."""
    for chosen in guide.chosen:
        name = str(compile_template(chosen.template).render(scope))
        if name not in chosen.allowed:
            known = nearest(name[:80], chosen.allowed) or f"none is configured under connections.{chosen.system}"
            raise RenderError(f'step "{chosen.step}": there is no {chosen.system} connection {name[:80]!r}; {known}')


def _parameters(rule: Rule, scope: Mapping[str, object]) -> Args:
    params: dict[str, Any] = {}
    for name, declared in rule.guide.text.parameters.items():
        written = rule.text.with_.get(name, declared.default)
        if written is None:
            raise RenderError(f'the parameter "{name}" has no value: the rule gives none and it has no default')
        value = (
            compile_template(written).render(scope) if isinstance(written, str) and is_templated(written) else written
        )
        params[name] = coerce(name, declared, value)
    return params


def coerce(name: str, declared: ParameterText, value: object) -> Any:
    """Return the value as its declared type, or raise RenderError that says what would be right."""
    made: Any = value
    try:
        match declared.type:
            case "integer":
                made = int(value) if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value, re.ASCII) else value
                if not isinstance(made, int) or isinstance(made, bool):
                    raise ValueError("an integer is needed")  # noqa: TRY004 -- one exception for all types
                if made.bit_length() >= _WORD_BITS:
                    raise ValueError("an integer of 64 bits is needed")  # larger ones cannot be stored as they are
            case "number":
                made = float(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else value
                if not isinstance(made, float) or made != made or made in (float("inf"), float("-inf")):  # noqa: PLR0124 -- NaN
                    raise ValueError("a finite number is needed")
            case "boolean":
                made = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
                if not isinstance(made, bool):
                    raise ValueError("true or false is needed")  # noqa: TRY004 -- see above
            case "duration":
                parse_duration(value)
                made = str(value)
            case _:
                made = str(value)
    except (ValueError, OverflowError) as error:
        raise RenderError(f'the parameter "{name}" became {str(value)[:80]!r}: {error}') from error
    _bounded(name, declared, made)
    return made


def _bounded(name: str, declared: ParameterText, value: Any) -> None:
    if declared.one_of and value not in declared.one_of:
        raise RenderError(f'the parameter "{name}" is {value!r}; allowed: {", ".join(map(str, declared.one_of))}')
    if declared.pattern and not re2.fullmatch(declared.pattern, str(value)):
        raise RenderError(f'the parameter "{name}" is {str(value)[:80]!r}; it must match {declared.pattern}')
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    if number is not None and declared.min is not None and number < declared.min:
        raise RenderError(f'the parameter "{name}" is {number}; the least is {declared.min}')
    if number is not None and declared.max is not None and number > declared.max:
        raise RenderError(f'the parameter "{name}" is {number}; the most is {declared.max}')


def _touched(
    rule: Rule, target: str, scope: Mapping[str, object], find: Find, ready: dict[str, Parameters]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return all targets and backends of the changing steps, as far as they are known before diagnosis.

    What depends on a step's output is checked against these again before it is done.
    """
    locks, backends = {target}, set()
    for remedy in rule.guide.remedies:
        for index, step in enumerate(remedy.steps):
            if step.needs:
                continue
            action = find(step.action)
            if action is None:
                raise RenderError(f"no action {step.action}")
            parameters = validated(action, step, scope)
            ready[f"{remedy.name}/{index}"] = parameters
            locks.update(action.targets(parameters))
            backends.add(action.backend(parameters))
    if len(locks) > 1:
        locks = {lock for lock in locks if not any(other != lock and covers(other, lock) for other in locks)}
    return tuple(sorted(locks)), tuple(sorted(backends))
