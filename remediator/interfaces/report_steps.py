"""How one step of a run reads in a report: its arguments, what came of it, what was found or seen."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from pydantic import ValidationError

from remediator.actions import registry
from remediator.core.durations import SECOND, show_duration
from remediator.core.records import Entry, Outcome, Phase, Plan, RunView
from remediator.interfaces.report_facts import condition
from remediator.interfaces.report_lines import CELL, Table, clean, show_time, show_values, table
from remediator.interfaces.report_undo import in_stage


def is_superseded(entry: Entry) -> bool:
    """Whether it was looked at again later: after an approval, or after a guard held the run."""
    return "~" in entry.key.rpartition("/")[2]


def holds(entry: Entry) -> str:
    """Return whether a check holds: yes, no, unknown; "" for what is no check."""
    if entry.outcome is not Outcome.DONE:
        return "unknown"
    said = (entry.output or {}).get("holds")
    return "yes" if said is True else "no" if said is False else ""


def work(plan: Plan, title: str, steps: list[Entry] | tuple[Entry, ...], topic: str) -> list[Table]:
    """Return a table for each remedy: what was, or would be, done."""
    made: list[Table] = []
    for (_, remedy), group in groupby(steps, key=lambda entry: (entry.cycle, entry.remedy)):
        rows = (
            (
                in_stage(plan, entry),
                show_values(_arguments(entry), named=True),
                _outcome(entry),
                show_values(entry.before, named=True) if entry.before else "not recorded",
                show_time(entry.started_at),
            )
            for entry in group
        )
        name = f'{title} "{clean(remedy, CELL)}"' if remedy else title
        made += table(name, ("Action", "Arguments", "Outcome", "Before", "At"), rows, topic, (0, 1))
    return made


def _arguments(entry: Entry) -> Mapping[str, Any]:
    """Return a step's arguments without those that the action would take by itself."""
    action = registry.find(entry.action)
    try:
        made = action.parameters.model_validate(entry.args) if action else None
    except ValidationError:  # an older version's
        made = None
    told = entry.args if made is None else made.model_dump(mode="json", exclude_defaults=True)
    return {name: told[name] for name in entry.args if name in told}


def silenced(entry: Entry) -> str:
    """Return whether the alert was silenced, and until when."""
    said = entry.output or {}
    if entry.outcome is Outcome.FAILED or "not_silenced" in said:
        return f"no: {clean(said.get('not_silenced') or entry.error, CELL)}"
    ends_at = entry.args.get("ends_at")
    until = f", until {show_time(ends_at)} at the latest" if isinstance(ends_at, int) else ""
    return f"while the run works on it{until}"


def _found(output: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what an output says; what is not there says nothing."""
    return {name: value for name, value in (output or {}).items() if value is not None}


def _outcome(entry: Entry) -> str:
    tries = f" at try {entry.attempt}" if entry.attempt > 1 else ""
    if entry.outcome is Outcome.INTENT:
        return f"begun{tries}, not known to have finished"
    lasted = show_duration(max(0, (entry.finished_at or entry.started_at) - entry.started_at) / SECOND)
    if entry.outcome is Outcome.FAILED:
        return clean(f"failed{tries}: {entry.error or 'no reason given'}", CELL)
    if entry.outcome is Outcome.UNKNOWN:
        return clean(f"nobody can tell{tries}: {entry.error or 'no answer came'}", CELL)
    said = show_values(_found(entry.output)) if entry.output else ""
    if entry.phase is Phase.PREVIEW:
        return said or "would succeed"
    return clean(f"done in {lasted}{tries}: {said}" if said else f"done in {lasted}{tries}", CELL)


def finding(entry: Entry) -> str:
    """Return what a look found."""
    if entry.outcome is Outcome.DONE:
        return show_values(_found(entry.output))
    if entry.outcome is Outcome.INTENT:
        return "being looked at"
    return clean(f"unknown: {entry.error or 'no answer came'}", CELL)


def check(view: RunView, entry: Entry) -> tuple[str, str, str]:
    """Return condition, whether it holds, and what was seen."""
    verify = view.plan.verify
    name = step_name(entry)
    if entry.phase is Phase.VERIFY and entry.step == "all" and verify is not None:
        name = "the goal"
    elif verify is not None and (step := next((s for s in verify.conditions if s.id == entry.step), None)):
        name = clean(condition(view, step), CELL)
    output = _found(entry.output)
    verdict, held = output.pop("verdict", None), output.get("holds")
    if entry.outcome is not Outcome.DONE:
        return name, "unknown", finding(entry)
    if verdict is not None:
        # Its samples are the reason's own words, with all their outputs.
        said = {key: value for key, value in output.items() if key not in ("samples", "holding_since")}
        return name, {"holds": "yes", "failed": "no"}.get(str(verdict), "not yet"), show_values(said)
    return name, "yes" if held is True else "no" if held is False else "unknown", show_values(output)


def step_name(entry: Entry) -> str:
    """Return a step's id; one without an id of its own is called by its position, and there the action says more."""
    return clean(entry.action if entry.step.isdigit() and entry.action else entry.step, 120) or "a step"


def look(entry: Entry) -> str:
    """Return which look it was, if not the first."""
    return f" (look {entry.cycle + 1})" if entry.cycle else ""
