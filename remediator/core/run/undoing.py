"""Taking back: what a remedy that failed has changed, and a whole run by another one."""

from __future__ import annotations

from remediator.core.durations import SECOND
from remediator.core.records import Outcome, Phase, RemedyPlan
from remediator.core.run.moves import Claim, Do, Finish, Job, Move, Setback, Wait, resume
from remediator.core.run.state import RunState
from remediator.core.transitions import Status
from remediator.core.undo_part import place


def take_back(run: RunState, cycle: int, remedy: RemedyPlan, reason: str, *, failed: bool) -> Move | Setback:
    """Undo what the remedy changed, where the guide and the actions allow it without a person."""
    undone = bad = False
    if run.plan.undo == "on_failure":
        for index, step in reversed(list(enumerate(remedy.steps))):
            act = run.journal.get(f"{cycle}/act/{index}")
            if act is None or not act.leaves_something or not step.undo_safe:
                continue
            entry = run.journal.get(f"{cycle}/undo/{index}")
            if entry is None:
                return Do((Job(f"{cycle}/undo/{index}", Phase.UNDO, cycle, step, remedy.name),), Status.ACTING)
            undone, bad = True, bad or entry.outcome is not Outcome.DONE
    return Setback(reason, step_failed=failed, undone=undone and not bad, undo_failed=bad)


def next_undo(run: RunState, now: int) -> Move:  # noqa: PLR0911 -- a return a case
    """Return what a run does next that takes another one back: its journal holds the other's changes."""
    if begun := [entry for entry in run.journal.values() if entry.outcome is Outcome.INTENT]:
        return resume(run, begun)
    undone = [entry for entry in run.journal.values() if entry.phase is Phase.UNDO]
    if run.cancelled_by:
        after = f" after {len(undone)} steps" if undone else ""
        return Finish(Status.CANCELLED, f"cancelled by {run.cancelled_by}{after}")
    due = run.created_at + int(run.plan.wait * SECOND)
    if now < due and not undone:
        return Wait(due, Status.HELD, f"takes back run {run.plan.undoes} when its time is over", held_by="for")
    if run.claimed < 0:
        return Claim(0)
    steps = {remedy.name: remedy.steps for remedy in run.plan.remedies}
    acts = sorted((entry for entry in run.journal.values() if entry.phase is Phase.ACT), key=place)
    for act in reversed(acts):
        cycle, _, index = act.key.split("/")
        key = f"{cycle}/undo/{index}"
        if key not in run.journal:
            return Do((Job(key, Phase.UNDO, act.cycle, steps[act.remedy][int(index)], act.remedy),), Status.ACTING)
    failed = [f"{entry.action}: {entry.error}" for entry in undone if entry.outcome is not Outcome.DONE]
    if failed:
        return Finish(Status.ESCALATED, f"run {run.plan.undoes} could not be taken back: {'; '.join(failed)}")
    rest = f" {run.plan.undoes_part}; the rest stays" if run.plan.undoes_part else ""
    return Finish(Status.UNDONE, f"took back what run {run.plan.undoes} changed{rest}")
