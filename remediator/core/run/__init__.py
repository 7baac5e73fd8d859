"""What a run does next, as a function of its plan, its journal and the time.

``next_move(run, now)`` is called again after every commit; recovery, approval, resume and cancel
are this same call on the stored journal. It reads like the guide: confirm, diagnose, choose a
remedy, ask, claim, act, verify, undo; then once more with the next remedy; then people.

    state      the run as it stands: the row's part that decides, and the journal
    moves      what it can do next, and how a step that was begun is taken up again
    diagnosis  what is looked at first; the remedy that this speaks for
    gates      what stands before the first change: does it still fire, may it, who must agree
    approval   what people are shown, and what their yes is good for
    verifying  whether the remedy helped, and the end where none did
    undoing    taking back: a failed remedy's changes, and what another run has changed

Pure, like all of core. What performs a move and writes what came of it is the engine's.
"""

from __future__ import annotations

from remediator.core.durations import SECOND, show_duration
from remediator.core.guards.silences import SILENCED
from remediator.core.records import Outcome, Phase, RemedyPlan
from remediator.core.run.approval import has_agreed
from remediator.core.run.diagnosis import baseline_holds, choose, pending_reads
from remediator.core.run.gates import gate, silenced_meanwhile, still_silenced
from remediator.core.run.moves import (
    ALERT,
    Claim,
    Do,
    Finish,
    Job,
    Move,
    Poll,
    Setback,
    Stand,
    Wait,
    resume,
)
from remediator.core.run.state import REFUSED, RunState
from remediator.core.run.undoing import next_undo, take_back
from remediator.core.run.verifying import give_up, verify
from remediator.core.transitions import Mode, Status

__all__ = [
    "REFUSED", "Claim", "Do", "Finish", "Job", "Move", "Poll", "RunState", "Stand", "Wait", "has_agreed", "next_move",
]  # fmt: skip

MAX_REMEDIES = 2  #: tried in one run


def next_move(run: RunState, now: int) -> Move:
    """Return what this run does next. Pure: the same run and time give the same move."""
    move = _guides_move(run, now)
    return _paused(run, move) if run.paused_by else move


def _paused(run: RunState, move: Move) -> Move:
    """Return what a paused run still does: end a step that it has begun, see whether the last one helped, end.

    It begins nothing, and no time runs out for it.
    """
    entries = [run.journal.get(job.key) for job in move.jobs] if isinstance(move, Do) else []
    begins = any(entry is None or entry.outcome is not Outcome.INTENT for entry in entries)
    if begins or isinstance(move, Claim) or (isinstance(move, Finish) and move.status is Status.EXPIRED):
        return Wait(None, run.status, f"paused by {run.paused_by}", held_by="pause")
    return move


def _guides_move(run: RunState, now: int) -> Move:  # noqa: C901, PLR0911, PLR0912 -- it reads like the guide, a return a case
    """Return the next move of a run that nobody has paused. Long because it is the guide's own order."""
    if run.plan.undoes:
        return next_undo(run, now)
    acts = [entry for entry in run.journal.values() if entry.phase is Phase.ACT]
    if unknown := [entry for entry in acts if entry.outcome is Outcome.UNKNOWN]:
        first = unknown[0]
        return Finish(Status.UNKNOWN, f"nobody can tell whether {first.action} took effect: {first.error}")
    if begun := [entry for entry in run.journal.values() if entry.outcome is Outcome.INTENT]:
        return resume(run, begun)
    if run.cancelled_by and run.approved == REFUSED:
        return Finish(Status.REFUSED, f"refused by {run.cancelled_by}")
    if run.cancelled_by:
        return Finish(Status.CANCELLED, f"cancelled by {run.cancelled_by}")
    if run.resolved and not acts:
        return Finish(Status.CANCELLED, "the alert resolved before anything was changed")
    # A sender's clock may be ahead of ours: an alert that is here has begun.
    fires_until = min(run.plan.starts_at, run.created_at) + int(run.plan.wait * SECOND)
    if now < fires_until and not acts:
        reason = f"must be firing for {show_duration(run.plan.wait)}"
        return Wait(fires_until, Status.HELD, reason, held_by="for")
    tried: list[str] = []
    setback: Setback | None = None
    for cycle in range(MAX_REMEDIES):
        new = f"{cycle}/act/0" not in run.journal
        if setback and run.resolved and new:
            return Finish(Status.UNVERIFIED, f"{setback.reason}; the alert has resolved since")
        if setback and all(remedy.name in tried for remedy in run.plan.remedies):
            break
        if new and (again := still_silenced(run, cycle)):
            return again
        if new and run.claimed < cycle and _may_claim(run):
            return Claim(cycle)
        if run.deadline is not None and now >= run.deadline and not (run.paused_by or _acting_done(run, cycle)):
            return _time_is_up(run, cycle, setback)
        came = _cycle(run, cycle, tried, setback, now)
        if not isinstance(came, Setback):
            return came
        setback = came
        if setback.undo_failed:
            break
    assert setback is not None  # noqa: S101 -- the loop runs at least once
    return give_up(run, setback, setback.reason)


def _cycle(  # noqa: C901, PLR0911, PLR0912 -- see _guides_move
    run: RunState, cycle: int, tried: list[str], last: Setback | None, now: int
) -> Move | Setback:
    """One remedy from its diagnosis to its verification. Long because it is the guide's own order."""
    plan = run.plan
    if jobs := pending_reads(run, cycle):
        return Do(jobs, Status.DIAGNOSING)
    if plan.verify and f"{cycle}/act/0" not in run.journal and baseline_holds(run, cycle):
        if last is None:
            return Finish(Status.RECOVERED_ITSELF, "the verification already held before anything was done")
        return Finish(Status.SUCCEEDED, f"{last.reason}; but it holds now, before another remedy")
    if plan.call_people:
        return Finish(Status.ESCALATED, "the guide calls people; what to do is theirs")
    if not plan.remedies:
        return Finish(Status.OBSERVED, "the guide gathers evidence; what to do is for people")
    found = [run.journal[f"{cycle}/diagnose/{step.id}"] for step in plan.diagnose]
    if found and all(entry.outcome is not Outcome.DONE for entry in found):
        return give_up(run, last, "no diagnosis could be made: " + "; ".join(entry.error for entry in found[:3]))
    choice = choose(run, cycle, tried)
    if choice.remedy is None:
        why = "; ".join(f"{name}: {reason}" for name, reason in choice.ruled_out)
        return give_up(run, last, (f"{last.reason}; " if last else "") + f"no remedy applies ({why})")
    remedy = choice.remedy
    tried.append(remedy.name)
    if f"{cycle}/act/0" not in run.journal:
        if stands := gate(run, cycle, remedy, last, now):
            return stands
        if run.quiet and f"{cycle}/silence/alert" not in run.journal:
            return Do((Job(f"{cycle}/silence/alert", Phase.SILENCE, cycle, ALERT, remedy.name),), Status.DIAGNOSING)
    for index, step in enumerate(remedy.steps):
        entry = run.journal.get(f"{cycle}/act/{index}")
        if entry is None:
            if index and step.changes and run.confirms and (silenced := silenced_meanwhile(run, cycle, now)):
                return silenced
            return Do((Job(f"{cycle}/act/{index}", Phase.ACT, cycle, step, remedy.name),), Status.ACTING)
        if entry.outcome is Outcome.FAILED:
            return take_back(run, cycle, remedy, f"{remedy.name}: {step.action} failed: {entry.error}", failed=True)
    return verify(run, cycle, remedy, now)


def _may_claim(run: RunState) -> bool:
    """Whether it may act without asking anybody (any more)."""
    if run.plan.limits is not None and run.plan.limits.share is not None:
        return False  # how much it may change is known after its diagnosis
    if not run.plan.remedies or (run.status is Status.AWAITING_APPROVAL and not run.approved):
        return False
    if run.mode is Mode.AUTO:
        return bool(run.approved) or any(
            remedy.mode is Mode.AUTO and remedy.name not in run.asks for remedy in run.plan.remedies
        )
    return run.mode is Mode.ASK and bool(run.approved)


def _time_is_up(run: RunState, cycle: int, last: Setback | None) -> Move:
    """End a run that has taken too long; what it has done of a remedy by then goes back as after a failed step."""
    reason = f"its time of {show_duration(run.plan.timeout)} is up"
    if run.held_scope.startswith(SILENCED):
        reason += " while the alert is silenced by a person"
    if (remedy := _begun(run, cycle)) is not None:
        came = take_back(run, cycle, remedy, reason, failed=True)
        if not isinstance(came, Setback):
            return came
        last = came
    return give_up(run, last or Setback(reason, step_failed=True), reason)


def _begun(run: RunState, cycle: int) -> RemedyPlan | None:
    """Return the remedy of which this cycle has begun the steps."""
    first = run.journal.get(f"{cycle}/act/0")
    return next((remedy for remedy in run.plan.remedies if first and remedy.name == first.remedy), None)


def _acting_done(run: RunState, cycle: int) -> bool:
    """Whether this cycle's changes are made, so that only reading is left: that may finish late."""
    remedy = _begun(run, cycle)
    if remedy is None:
        return False
    entries = [run.journal.get(f"{cycle}/act/{index}") for index in range(len(remedy.steps))]
    return all(entry is not None and entry.outcome is Outcome.DONE for entry in entries)
