"""What came of a remedy: it is seen to have helped, or it is taken back and people are called."""

from __future__ import annotations

from remediator.core.durations import SECOND
from remediator.core.records import Entry, Outcome, Phase, RemedyPlan
from remediator.core.run.moves import Finish, Move, Poll, Setback, Wait
from remediator.core.run.state import RunState
from remediator.core.run.undoing import take_back
from remediator.core.transitions import Status
from remediator.core.undo_part import step_of


def verify(run: RunState, cycle: int, remedy: RemedyPlan, now: int) -> Move | Setback:
    """Sample until the conditions have spoken; where they have failed, what was changed is taken back."""
    conditions = run.plan.verify
    if conditions is None:
        return Finish(
            Status.UNVERIFIED, f'"{remedy.name}" was done; the guide has no verify, so nobody knows if it helped'
        )
    changed_at = max(entry.finished_at or entry.started_at for entry in _acts(run, cycle))
    entry = run.journal.get(f"{cycle}/verify/all")
    if entry is None:
        return Poll(cycle, changed_at)
    output = entry.output or {}
    if entry.outcome is Outcome.DONE and output.get("verdict") == "holds":
        return _holds_now(run, remedy, str(output.get("reason", "")))
    if entry.outcome is Outcome.DONE and output.get("verdict") == "failed":
        return take_back(run, cycle, remedy, f'"{remedy.name}" did not help: {output.get("reason", "")}', failed=False)
    due = (entry.finished_at or entry.started_at) + int(conditions.interval * SECOND)
    return Poll(cycle, changed_at) if now >= due else Wait(due, Status.VERIFYING, str(output.get("reason", "")))


def _holds_now(run: RunState, remedy: RemedyPlan, reason: str) -> Finish:
    """What has only looked has helped nothing: it recovered by itself, unless an earlier remedy changed something."""
    acts = [entry for entry in run.journal.values() if entry.phase is Phase.ACT]
    changed = [entry for entry in acts if step_of(run.plan, entry).changes]
    if not changed:
        return Finish(Status.RECOVERED_ITSELF, f'"{remedy.name}" only looked, nothing was changed: {reason}')
    if all(entry.remedy != remedy.name for entry in changed):
        return Finish(
            Status.SUCCEEDED, f'it holds since "{remedy.name}" looked again after "{changed[-1].remedy}": {reason}'
        )
    return Finish(Status.SUCCEEDED, f'"{remedy.name}" helped: {reason}')


def give_up(run: RunState, setback: Setback | None, reason: str) -> Finish:
    """No remedy is left: people are needed."""
    if setback is None or run.plan.escalate or setback.undo_failed:
        return Finish(Status.ESCALATED, reason)
    if setback.undone:
        return Finish(Status.UNDONE, reason)
    return Finish(Status.FAILED if setback.step_failed else Status.UNVERIFIED, reason)


def _acts(run: RunState, cycle: int) -> list[Entry]:
    return [entry for entry in run.journal.values() if entry.phase is Phase.ACT and entry.cycle == cycle]
