"""What a report says about stages, and about taking changes back."""

from __future__ import annotations

import shlex

from remediator.actions import registry
from remediator.core.records import Entry, Plan, RunView
from remediator.interfaces.report_facts import is_final, lasting
from remediator.interfaces.report_lines import Kind, Line, clean, show_values


def undo_lines(view: RunView) -> list[Line]:
    """Return what is left to be taken back, what another run took back, and how to take back a part."""
    items: list[Line] = []
    gone = dict(view.taken_back)
    left = [entry for entry in lasting(view) if entry.key not in gone]
    for entry in lasting(view):
        there = f"before it was {show_values(entry.before)}" if entry.before else "what was there before is not known"
        how = there if can_be_undone(entry) else "it cannot be taken back by itself"
        if view.plan.undo == "never":
            how = "the guide forbids taking it back"
        if entry.key in gone:
            how = f"taken back by run {clean(gone[entry.key], 120)}"
        items.append(Line(f"{clean(entry.action, 120)}: {how}", "Undo", topic="result"))
    if not left or not is_final(view) or view.plan.undo == "never" or view.plan.undoes:
        return items
    undo = f"remediator runs undo {shlex.quote(clean(view.id, 120))}"
    if all(can_be_undone(entry) for entry in left):
        items.append(Line(f'{undo} --reason "…"', "Take it back", Kind.CODE, "result"))
    last = left[-1]
    if len(left) > 1 and can_be_undone(last):
        stage = _stage(view.plan, last)
        part = f"--stage {shlex.quote(stage)}" if stage else f"--from {shlex.quote(clean(last.step, 60))}"
        items.append(Line(f'{undo} {part} --reason "…"', "Take back only the end", Kind.CODE, "result"))
    return items


def can_be_undone(act: Entry) -> bool:
    """Whether the action, used so, can be taken back. What is not known here is left to the daemon to say."""
    action = registry.find(act.action)
    return action is None or (action.undo is not None and action.undoable(act.args))


def in_stage(plan: Plan, entry: Entry) -> str:
    """Return an act's action, before it the stage that it belongs to."""
    stage = _stage(plan, entry)
    return clean(f"{stage}: {entry.action}" if stage else entry.action, 120)


def _stage(plan: Plan, act: Entry) -> str:
    steps = (step for remedy in plan.remedies for step in remedy.steps if remedy.name == act.remedy)
    return next((clean(step.stage, 60) for step in steps if step.id == act.step), "")
