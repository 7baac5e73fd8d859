"""Questions that a report asks of a run's record. Pure, and never more sure than the journal is."""

from __future__ import annotations

import contextlib

from msgspec import Struct

from remediator.actions import registry
from remediator.core.durations import SECOND, show_duration
from remediator.core.plan import scope_of
from remediator.core.records import Entry, Outcome, Phase, RemedyPlan, RunView, StepPlan
from remediator.core.templates import render_tree
from remediator.core.templates.condition import Holds, compile_condition
from remediator.core.transitions import FINAL, Status
from remediator.errors import RemediatorError
from remediator.interfaces.report_lines import CELL, clean, show_values


def entries(view: RunView, *phases: Phase) -> tuple[Entry, ...]:
    """Return the journal's entries of these phases, in the order in which they began."""
    return tuple(sorted((e for e in view.journal if e.phase in phases), key=lambda entry: entry.started_at))


def is_final(view: RunView) -> bool:
    """Whether the run is over."""
    return view.status in FINAL


def changes(view: RunView) -> tuple[Entry, ...]:
    """Return what was changed for certain. A step that the plan doesn't know counts as a change."""
    return tuple(e for e in entries(view, Phase.ACT) if e.outcome is Outcome.DONE and _is_change(view, e))


def doubtful(view: RunView) -> tuple[Entry, ...]:
    """Return what may have been changed: begun and not finished, or nobody can tell."""
    unsure = (Outcome.INTENT, Outcome.UNKNOWN)
    return tuple(e for e in entries(view, Phase.ACT) if e.outcome in unsure and _is_change(view, e))


def half_done(view: RunView) -> tuple[Entry, ...]:
    """Return what failed and may have changed something."""
    return tuple(e for e in entries(view, Phase.ACT) if e.half_done and _is_change(view, e))


def undone(view: RunView) -> frozenset[tuple[int, str]]:
    """Return (cycle, place) of what was put back."""
    return frozenset((e.cycle, _place(e)) for e in entries(view, Phase.UNDO) if e.outcome is Outcome.DONE)


def lasting(view: RunView) -> tuple[Entry, ...]:
    """Return the changes that were not put back."""
    back = undone(view)
    return tuple(e for e in changes(view) if (e.cycle, _place(e)) not in back)


def what_changed(view: RunView) -> str:
    """Return one clause on what is different now because of this run."""
    if doubtful(view) or half_done(view):
        return "a change may have been made"
    if not (made := len(changes(view))):
        return "nothing was changed"
    count = "1 change was made" if made == 1 else f"{made} changes were made"
    left = len(lasting(view))
    if left == made:
        return count
    return f"{count} and put back" if left == 0 else f"{count}, {made - left} put back"


def remedy_in_hand(view: RunView) -> str:
    """Return the name of the remedy that was last tried, or shown; empty when none was chosen."""
    named = [entry.remedy for entry in entries(view, Phase.PREVIEW, Phase.ACT) if entry.remedy]
    return clean(named[-1], CELL) if named else ""


def took(view: RunView) -> str:
    """Return how long the run took, waiting included; empty while it is under way."""
    if view.finished_at is None:
        return ""
    return show_duration(max(0, view.finished_at - view.created_at) / SECOND)


class RuledOut(Struct, frozen=True):
    """A remedy that was not tried, and why."""

    name: str
    condition: str
    why: str


def ruled_out(view: RunView) -> tuple[RuledOut, ...]:
    """Return the remedies that were passed over, and what their conditions saw."""
    order = {remedy.name: place for place, remedy in enumerate(view.plan.remedies)}
    chosen: dict[int, int] = {}
    for entry in entries(view, Phase.PREVIEW, Phase.ACT):
        chosen.setdefault(entry.cycle, order.get(entry.remedy, -1))
    looks = {entry.cycle for entry in entries(view, Phase.DIAGNOSE) if entry.outcome is not Outcome.INTENT}
    cycle = max(looks | set(chosen), default=-1)
    if cycle < 0 or (cycle not in chosen and not is_final(view)):
        return ()  # nothing was chosen yet
    return tuple(
        RuledOut(
            clean(remedy.name, CELL), clean(remedy.when or "always", CELL), _why_not(view, remedy, cycle, place, chosen)
        )
        for place, remedy in enumerate(view.plan.remedies)
        if place not in chosen.values()
    )


def judged(view: RunView, remedy: RemedyPlan, cycle: int) -> Holds:
    """Judge a remedy's condition once more on what was found in that cycle: the same record, the same verdict."""
    found = {entry.key: entry for entry in view.journal if entry.phase is Phase.DIAGNOSE}
    try:
        return compile_condition(remedy.when or "true").holds(scope_of(view.plan, found, cycle))
    except RemediatorError as error:
        return Holds(value=False, reason=str(error))


def condition(view: RunView, step: StepPlan) -> str:
    """Return a condition as it is asked: its templates rendered, as far as the record knows what stands in them."""
    action, args = registry.find(step.action), step.args
    cycle = max((entry.cycle for entry in view.journal), default=0)
    if action is not None:
        with contextlib.suppress(RemediatorError):
            args = render_tree(args, action.parameters, scope_of(view.plan, {e.key: e for e in view.journal}, cycle))
    return clean(f"{clean(step.action, 120)}({show_values(args, named=True)})")


def _why_not(view: RunView, remedy: RemedyPlan, cycle: int, place: int, chosen: dict[int, int]) -> str:
    if view.status is Status.RECOVERED_ITSELF and cycle not in chosen:
        return "not needed"
    verdict = judged(view, remedy, cycle)
    if verdict.value and cycle in chosen and place > chosen[cycle]:
        return "it holds, too, but the one before it was chosen"
    if verdict.value:
        return "not tried: the run ended before that"
    word = "unknown, so it did not hold" if verdict.unknown else "did not hold"
    return clean(f"{word}: {verdict.reason}", CELL)


def _is_change(view: RunView, entry: Entry) -> bool:
    for remedy in view.plan.remedies:
        if remedy.name == entry.remedy:
            for step in remedy.steps:
                if (step.id, step.action) == (entry.step, entry.action):
                    return step.changes
    return True


def _place(entry: Entry) -> str:
    """Return the last part of a key: ``0/act/1`` and ``0/undo/1`` are about the same step."""
    return entry.key.rpartition("/")[2]
