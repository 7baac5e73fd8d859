"""End a run: row, locks, reservations, breakers, decision, and what is to be told. Parts of units."""

from __future__ import annotations

from msgspec.structs import replace

from remediator.core.guards import say_repeats
from remediator.core.records import Outcome, Phase
from remediator.core.reporting import SILENCES, Telling
from remediator.core.run import Finish, RunState
from remediator.core.transitions import Status, is_trouble
from remediator.core.undo_part import step_of
from remediator.engine.clock import new_id
from remediator.engine.work import Site, Work
from remediator.store import breakers, digests, facts, ladder, outbox, reservations, trials, undo
from remediator.store.journal import RunRow
from remediator.store.sqlite import Tx
from remediator.store.undo import Made


def finish(tx: Tx, row: RunRow, run: RunState, site: Site, move: Finish, now: int, *, quiet: bool = False) -> Work:
    """End a run: row, locks, reservations, breakers, decision, and what is to be told; nothing when ``quiet``."""
    acted = Phase.ACT in {entry.phase for entry in run.journal.values()}
    if acted and not run.plan.undoes and run.plan.limits is not None and run.plan.limits.repeats is not None:
        count = facts.repeated(tx, run.plan, now)
        if count >= run.plan.limits.repeats.max:
            move = Finish(move.status, f"{move.reason}; {say_repeats(run.plan, count)}")
    row.move(run, move.status, now, reason=move.reason[:2000])
    if run.paused_by:
        row.columns.update(paused_by="", paused_at=None)
    woken: list[str] = reservations.held_on(tx, run.held_scope, most=2) if run.held_scope else []
    made: list[Made] = []
    if run.claimed >= 0:
        trials.end(tx, run.id)
    if run.claimed >= 0 and move.status is not Status.UNKNOWN:  # unknown keeps its lock until a person settles it
        woken += reservations.release(tx, run.id, give_back=not has_tried(run))
    if acted and not run.plan.undoes:
        _count_outcome(tx, run, site, move.status, now)
        given_up = run.take_back and move.status is Status.CANCELLED
        made = (undo.given_up if given_up else undo.when_its_time_is_over)(tx, run, now, new_id)
    told = loud_again(tx, run, now)
    told = (not quiet and _tell_end(tx, row, run, site, move.status, acted=acted, now=now)) or told
    return Work(replace(run, status=move.status), wake=tuple(woken), made=tuple(made), finish=move, told=told)


def _count_outcome(tx: Tx, run: RunState, site: Site, status: Status, now: int) -> None:
    """Count what came of a change. Without a verification nobody knows, so nothing is counted."""
    if status is Status.SUCCEEDED:
        success = True
    elif is_trouble(status, verified=run.plan.verify is not None):
        success = False
    else:
        return
    rule, target = breakers.outcome_keys(run.plan)
    # Unknown says nothing of the rule: a crash of ours leaves one for every step that was in flight.
    for key in (target,) if status is Status.UNKNOWN else (rule, target):
        breakers.count(tx, key, success=success, limits=site.outcome_breaker, now=now)


def told_to(tx: Tx, row: RunRow, run: RunState, site: Site) -> tuple[str, ...]:
    """Return who is told of what a run does: of most runs of a storm nobody, they are counted in its digests."""
    if not run.storm or row.columns.get("told_alone"):
        return site.reporters
    if not digests.alone(tx, run.storm):
        return ()
    row.columns["told_alone"] = 1
    return site.reporters


def _tell_end(tx: Tx, row: RunRow, run: RunState, site: Site, status: Status, *, acted: bool, now: int) -> bool:
    if not site.reporters:
        return False
    trouble = is_trouble(status, verified=run.plan.verify is not None)
    if run.plan.undoes:
        trouble = status is Status.ESCALATED
    if status is Status.CANCELLED and not acted and not outbox.was_told(tx, run.id):
        return False  # nobody heard of it, and nothing was done
    reporters = site.reporters
    if run.storm and status is not Status.UNKNOWN:  # that one keeps its lock until a person settles it
        reporters = told_to(tx, row, run, site) if acted or trouble else ()
        if not reporters:
            return False
    outbox.tell(tx, reporters, run.id, Telling.MESSAGE, "", now)
    phases = {entry.phase for entry in run.journal.values()}
    for phase, topic in ((Phase.DIAGNOSE, "diagnosis"), (Phase.ACT, "action"), (Phase.VERIFY, "verification")):
        if phase in phases:
            outbox.tell(tx, reporters, run.id, Telling.THREAD, topic, now)
    if acted or trouble:
        outbox.tell(tx, reporters, run.id, Telling.THREAD, "result", now)
    if trouble:
        outbox.tell(tx, reporters, run.id, Telling.ESCALATION, "", now)
        ladder.set_up(tx, run.id, site.ladders.get(run.plan.escalate or "", ()), now)
    return True


def loud_again(tx: Tx, run: RunState, now: int) -> bool:
    """Have the silence ended that was made while this run worked; return whether there was one, or may have been."""
    made = [entry for entry in run.journal.values() if entry.phase is Phase.SILENCE]
    if all("not_silenced" in (entry.output or {}) for entry in made):
        return False
    outbox.tell(tx, (SILENCES,), run.id, Telling.MESSAGE, "", now)
    return True


def is_kept_up(run: RunState) -> bool:
    """Whether a run is tried however long it is held: what was to last for some time must not stay for ever."""
    return bool(run.plan.undoes) and run.plan.wait > 0


def call_people(tx: Tx, run: RunState, site: Site, now: int) -> bool:
    """Call people for a run that goes on, once; return whether something is to be told."""
    if not site.reporters or not tx.run("UPDATE run SET called = 1 WHERE id = ? AND called = 0", run.id):
        return False
    outbox.tell(tx, site.reporters, run.id, Telling.MESSAGE, "", now)
    outbox.tell(tx, site.reporters, run.id, Telling.ESCALATION, "", now)
    return True


def let_go(tx: Tx, run: RunState) -> list[str]:
    """Release locks and, where nothing was changed, reservations."""
    if run.claimed < 0:
        return []
    trials.end(tx, run.id)
    return reservations.release(tx, run.id, give_back=not has_tried(run))


def has_tried(run: RunState) -> bool:
    """Whether a change was attempted, helpful or not: that counts for throttles and the budget."""
    return any(e.phase is Phase.ACT and e.attempt > 0 and step_of(run.plan, e).changes for e in run.journal.values())


def has_changed(run: RunState, cycle: int | None = None) -> bool:
    """Whether the run, or one cycle of it, has changed something, or may have; what is begun just now is left out."""
    return any(
        e.phase is Phase.ACT and (e.outcome is not Outcome.FAILED or e.half_done) and step_of(run.plan, e).changes
        for e in run.journal.values()
        if cycle is None or (e.cycle == cycle and e.outcome is not Outcome.INTENT)
    )
