"""Move one run as far as rows and pure decisions carry it, inside one transaction.

``forward`` asks ``next_move`` and writes what follows from it, again and again, until something
outside is needed (steps to perform, a sample to take, time to pass) or the run is over. The
functions here are parts of units: they do SQL and pure core, nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from remediator.core.action import Intent
from remediator.core.durations import SECOND, show_duration
from remediator.core.guards import Facts, Hold, judge_envelope
from remediator.core.policy import ApprovalNeed, approval_needed
from remediator.core.records import Phase, Plan
from remediator.core.reporting import Telling
from remediator.core.run import Claim, Do, Finish, Poll, RunState, Stand, Wait, next_move
from remediator.core.transitions import Mode, Status, stricter
from remediator.engine.claim import claim, hold_in_storm, refuse, stand_back
from remediator.engine.finish import finish, let_go, loud_again, told_to
from remediator.engine.limits import Slots
from remediator.engine.steps import begin_steps, poll_backends, stop_before
from remediator.engine.work import Site, Work
from remediator.errors import PermanentError
from remediator.store import inbox, journal, outbox
from remediator.store.journal import Control, RunRow
from remediator.store.sqlite import Tx

_NOTHING: Mapping[str, ApprovalNeed] = MappingProxyType({})


def refresh(run: RunState, site: Site, said: Control) -> RunState:
    """Take over what others may have written, and what binds now: tightening applies at once."""
    mode, reason = binding_mode(run.plan, site, may_act=bool(said.may_act), created_at=run.created_at)
    return replace(
        run,
        status=Status(said.status), cancelled_by=said.cancelled_by, resolved=said.resolved_at is not None,
        approved=said.approved, mode=mode, mode_reason=reason, asks=asks_of(run.plan, site), confirms=site.confirms,
        quiet=is_quiet(run.plan, site), storm=said.storm, paused_by=said.paused_by, take_back=bool(said.take_back),
    )  # fmt: skip


def is_quiet(plan: Plan, site: Site) -> bool:
    """Whether the alert is to be silenced while a run works: its rule said so when it began, and says so now."""
    if not plan.silence or not site.quiet_for:
        return False
    rule = site.table.rule(plan.rule)
    return rule is not None and rule.text.silence == "while_working"


def asks_of(plan: Plan, site: Site) -> Mapping[str, ApprovalNeed]:
    """Return which remedies the site's policy wants approved, whatever their mode, and by whom."""
    policy = site.envelope.policy
    if not policy.approvals:
        return _NOTHING
    found = {
        remedy.name: approval_needed(policy, (step.action for step in remedy.steps if step.changes), plan.locks)
        for remedy in plan.remedies
    }
    return {name: need for name, need in found.items() if need is not None}


def binding_mode(plan: Plan, site: Site, *, may_act: bool, created_at: int) -> tuple[Mode, str]:
    """Return the strictest of rule and daemon as they are now, and why it is stricter than the plan's."""
    if plan.undoes:  # what it may do was decided when the run that it takes back was let through
        return Mode.AUTO, ""
    rule = site.table.rule(plan.rule)
    if rule is None:
        return Mode.OBSERVE, "its rule is gone"
    if not may_act:
        return Mode.OBSERVE, "a rule before it acts on this alert"
    mode = stricter(plan.mode, rule.text.mode, site.max_mode)
    age = (created_at - plan.starts_at) / SECOND
    if mode is Mode.AUTO and site.limits.stale and age > site.limits.stale and not rule.text.max_age:
        return Mode.ASK, f"it began {show_duration(age)} before it was heard of, and the rule names no max_age"
    if mode is plan.mode:
        return mode, ""
    return mode, f"max_mode is {mode}" if site.max_mode is mode else f"its rule's mode is now {mode}"


def forward(
    tx: Tx, run: RunState, site: Site, slots: Slots, now: int, resolved: Mapping[str, Intent[Any]] | None = None
) -> Work:
    """Return what the run needs next, having written all that follows without it."""
    row = RunRow()
    work = move(tx, row, run, site, slots, now, resolved)
    row.write(tx, run.id)
    return replace(work, wake=(*work.wake, *row.wake)) if row.wake else work


def move(
    tx: Tx, row: RunRow, run: RunState, site: Site, slots: Slots, now: int,
    resolved: Mapping[str, Intent[Any]] | None = None,
) -> Work:  # fmt: skip
    """Move a run; what changes in its row is only noted. One loop: the path of a run."""
    for _ in range(100):
        step = next_move(run, now)
        match step:
            case Claim():
                came = claim(tx, row, run, site, step.cycle, now)
            case Do():
                new = run.claimed < 0 and all(entry.phase is Phase.STORM for entry in run.journal.values())
                held = hold_in_storm(tx, row, run, site, now) if new else None
                came = held or begin_steps(tx, row, run, site, slots, step, resolved or {}, now)
            case Poll():
                return _poll(row, run, slots, step, now)
            case Wait():
                return _wait(tx, row, run, site, step, now)
            case Stand():
                stop = stop_before if step.begun else stand_back
                return stop(tx, row, run, site, step.hold, now)
            case Finish():
                return finish(tx, row, run, site, step, now)
        if isinstance(came, Work):
            return came
        run = came
    raise PermanentError(f"run {run.id} does not come forward; this is a defect")


def _poll(row: RunRow, run: RunState, slots: Slots, step: Poll, now: int) -> Work:
    wants = tuple(poll_backends(run, step))
    if missing := slots.take(run.id, wants):
        return Work(run, full=missing, wants=wants)
    if run.status is not Status.VERIFYING:
        row.move(run, Status.VERIFYING, now, due_at=now, reason="verifying")
        run = replace(run, status=Status.VERIFYING)
    return Work(run, poll=step)


def _wait(tx: Tx, row: RunRow, run: RunState, site: Site, move: Wait, now: int) -> Work:
    """Write what the run waits for. Waiting for people holds no lock."""
    if move.held_by == "pause":
        return _stop_paused(tx, row, run, site, move, now)
    woken: list[str] = []
    held: Hold | None = None
    columns: dict[str, Any] = {"due_at": move.until, "reason": move.reason[:1000]}
    told = False
    if move.status is Status.AWAITING_APPROVAL:
        if refused := judge_envelope(run.plan, Facts(), site.envelope, now):  # nobody is asked for what is not allowed
            return refuse(tx, row, run, site, refused, Status.REFUSED, now)
        if not move.need.possible:
            reason = f"{move.reason}, but the site's policy names no {move.need.persons} persons who may approve it"
            return finish(tx, row, run, site, Finish(Status.ESCALATED, reason), now)
        woken = let_go(tx, run)
        loud_again(tx, run, now)
        told = run.status is not Status.AWAITING_APPROVAL
        since = run.waiting_since if not told else now
        columns |= {
            "shown": move.shown, "approved": "", "claimed": -1, "waiting_since": since, "deadline": None,
            "persons": move.need.persons, "approvers": ",".join(sorted(move.need.by)),
        }  # fmt: skip
        run = replace(run, claimed=-1, waiting_since=since, approved="", deadline=None)
        if told and (reporters := told_to(tx, row, run, site)):
            outbox.tell(tx, reporters, run.id, Telling.MESSAGE, "", now)
            outbox.tell(tx, reporters, run.id, Telling.THREAD, "approval", now)
    elif move.status is Status.HELD:
        advice = "it starts by itself; remediator runs cancel ends it"
        hold = Hold(move.held_by, "", move.reason, move.until, advice)
        columns |= {"held_by": hold.guard, "held_scope": "", "held_until": hold.until, "reason": hold.said[:1000]}
        if run.status is not Status.HELD:
            inbox.decide_run(tx, run.id, "held", now, guard=hold.guard, reason=hold.said, until=hold.until)
            held = hold
    row.move(run, move.status, now, **columns)
    return Work(replace(run, status=move.status), due=move.until, wake=tuple(woken), told=told, held=held)


def _stop_paused(tx: Tx, row: RunRow, run: RunState, site: Site, move: Wait, now: int) -> Work:
    """Stop where a person has paused this run. Half-way through its changes it keeps its status and its locks.

    Before the first change it lets go of them and is held: when it goes on it looks and is judged again.
    """
    woken: list[str] = []
    status, hold = run.status, Hold("pause", "", move.reason, None, f"remediator runs resume {run.id}")
    columns: dict[str, Any] = {"held_by": "pause", "held_scope": "", "held_until": None, "due_at": None}
    phase = Phase.UNDO if run.plan.undoes else Phase.ACT
    begun = any(entry.phase is phase and entry.attempt > 0 for entry in run.journal.values())
    if not begun and status is not Status.AWAITING_APPROVAL:
        woken, status = let_go(tx, run), Status.HELD
        journal.supersede(tx, run.id, now)
        inbox.decide_run(tx, run.id, "held", now, guard="pause", reason=hold.said)
        columns |= {"claimed": -1}
        run = replace(run, claimed=-1)
    row.move(run, status, now, reason=hold.said[:1000], **columns)
    outbox.tell(tx, site.reporters, run.id, Telling.MESSAGE, "", now)
    return Work(replace(run, status=status), wake=tuple(woken), told=True, held=hold)
