"""May it act now? Judged in the transaction that takes locks and reservations: two runs can't both pass."""

from __future__ import annotations

from msgspec.structs import replace

from remediator.core.durations import SECOND, show_duration
from remediator.core.guards import Facts, Hold, Lower, Refuse, judge, judge_dependencies, judge_storm, judge_windows
from remediator.core.guards.shares import share_of
from remediator.core.reporting import Telling
from remediator.core.run import Finish, RunState, has_agreed
from remediator.core.transitions import Mode, Status, stricter
from remediator.engine.finish import call_people, finish, has_tried, is_kept_up, let_go, loud_again
from remediator.engine.work import Site, Work
from remediator.store import dependencies, facts, inbox, journal, outbox, reservations, storms, trials
from remediator.store.journal import RunRow
from remediator.store.sqlite import Tx

SILENCE_AGAIN = 300 * SECOND  #: how soon a run is looked at again whose alert is silenced; a resend is sooner
TRY_AGAIN = 300 * SECOND  #: what is never given up is judged again so often when nothing wakes it


def claim(tx: Tx, row: RunRow, run: RunState, site: Site, cycle: int, now: int) -> RunState | Work:
    """Judge and take, in this transaction: two runs can't both pass."""
    share = share_of(run, cycle)
    agreed = has_agreed(run, cycle)
    if isinstance(share, Lower) and not agreed:
        return _lower(tx, row, run, share, now)
    more = share if isinstance(share, tuple) else ()
    again = has_tried(run)
    known = Facts(pauses=site.paused, intervals=site.table.intervals, trials=site.backend_breaker.trials)
    known = facts.read(tx, run.id, run.plan, run.created_at, site.limits, now, more, again=again, known=known)
    verdict = judge(run.plan, known, site.envelope, now, holding=run.claimed >= 0)
    # What a person has approved need not be asked again; that they were asked is why it was lowered.
    if isinstance(verdict, Lower) and not (verdict.mode is Mode.ASK and agreed):
        return _lower(tx, row, run, verdict, now)
    if isinstance(verdict, Refuse):
        status = Status.REFUSED if cycle == 0 and not run.plan.undoes else Status.ESCALATED
        return refuse(tx, row, run, site, verdict, status, now)
    if isinstance(verdict, Hold):
        return _hold(tx, row, run, site, verdict, now)
    if run.claimed < 0 or again:
        reservations.take(tx, run.id, run.plan.locks, known, now, again=again)
    trials.begin(tx, known.breakers, run.id, now)
    status = run.status if run.status in (Status.DIAGNOSING, Status.ACTING, Status.VERIFYING) else Status.DIAGNOSING
    deadline = run.deadline or now + int(run.plan.timeout * SECOND)
    row.move(run, status, now, claimed=cycle, deadline=deadline, waiting_since=None, held_by="", held_scope="",
        held_until=None, due_at=now,
    )  # fmt: skip
    if not agreed:  # what made somebody ask stays to be read
        row.columns.update(mode=run.mode, mode_reason=run.mode_reason[:1000])
    if run.status is Status.HELD:
        inbox.decide_run(tx, run.id, "run", now)
    if run.held_scope:
        row.wake += reservations.held_on(tx, run.held_scope, most=2)
    return replace(run, status=status, claimed=cycle, deadline=deadline, waiting_since=None, held_scope="")


def _lower(tx: Tx, row: RunRow, run: RunState, lower: Lower, now: int) -> RunState:
    """Let a run go on, but no further than a guard says; that it did is written down."""
    mode = stricter(run.mode, lower.mode)
    row.lowered = lower
    row.columns.update(mode=mode, mode_reason=f"{lower.guard}: {lower.said}"[:1000])
    inbox.decide_run(tx, run.id, "run", now, guard=lower.guard, reason=f"lowered to {mode}: {lower.said}")
    return replace(run, mode=mode, mode_reason=lower.reason)


def refuse(tx: Tx, row: RunRow, run: RunState, site: Site, verdict: Refuse, status: Status, now: int) -> Work:
    """End a run that must not act; decision and run have the same words."""
    inbox.decide_run(tx, run.id, "refused", now, guard=verdict.guard, reason=verdict.said)
    return replace(finish(tx, row, run, site, Finish(status, verdict.said), now), refused=verdict)


def hold_in_storm(tx: Tx, row: RunRow, run: RunState, site: Site, now: int) -> Work | None:
    """Hold a run that has not looked at anything yet while a storm is on, whatever its mode.

    One that only observes or asks is not claimed before people hear of it; of a storm's they would hear one by one.
    """
    verdict = judge_storm(run.plan, Facts(storms=storms.read(tx, run.id, run.plan.rule)), site.envelope, now)
    return _hold(tx, row, run, site, verdict, now) if isinstance(verdict, Hold) else None


def stand_back(tx: Tx, row: RunRow, run: RunState, site: Site, hold: Hold, now: int) -> Work:
    """Hold a run whose alert somebody has silenced: they know of it, so nobody is called however long it takes.

    Everything is looked at anew when the silence ends. That may be sooner or later than was said, and no
    "resolved" is sent of what is silenced: so Alertmanager is asked now and then.
    """
    woken, loud = let_go(tx, run), loud_again(tx, run, now)
    journal.forget(tx, run.id, "again")
    journal.supersede(tx, run.id, now)
    new = run.status is not Status.HELD or run.held_scope != hold.scope
    due = min(now + SILENCE_AGAIN, hold.until if hold.until is not None and hold.until > now else now + SILENCE_AGAIN)
    row.move(run, Status.HELD, now, reason=hold.said[:1000], held_by=hold.guard, held_scope=hold.scope,
        held_until=hold.until, waiting_since=None, deadline=None, due_at=due, claimed=-1,
    )  # fmt: skip
    told = run.status is not Status.HELD and not run.storm
    if told:
        outbox.tell(tx, site.reporters, run.id, Telling.MESSAGE, "", now)
    if new:
        inbox.decide_run(tx, run.id, "held", now, guard=hold.guard, reason=hold.said, until=hold.until)
    run = replace(run, status=Status.HELD, claimed=-1, held_scope=hold.scope, waiting_since=None, deadline=None)
    return Work(run, due=due, wake=tuple(woken), told=told or loud, held=hold if new else None)


def hold_before_change(tx: Tx, row: RunRow, run: RunState, site: Site, now: int) -> RunState | Work | None:
    """Judge once more, just before a remedy's first change, what may have begun since the claim; None: go on.

    A storm, a window and a cause hold the run as they would have before. What it has found is looked for anew then.
    """
    limits = run.plan.limits
    if run.plan.undoes:
        return None
    known = Facts(
        storms=storms.read(tx, run.id, run.plan.rule), intervals=site.table.intervals,
        firing=dependencies.causes(tx, limits.inhibited_by, run.plan.labels) if limits is not None else (),
    )  # fmt: skip
    for guard in (judge_storm, judge_windows, judge_dependencies):
        verdict = guard(run.plan, known, site.envelope, now)
        if isinstance(verdict, Lower):
            return _lower(tx, row, run, verdict, now)
        if isinstance(verdict, Refuse):
            return refuse(tx, row, run, site, verdict, Status.ESCALATED, now)
        if isinstance(verdict, Hold):
            journal.supersede(tx, run.id, now)
            return _hold(tx, row, run, site, verdict, now)
    return None


def _hold(tx: Tx, row: RunRow, run: RunState, site: Site, hold: Hold, now: int) -> Work:
    """Write the hold, or call people when it has been held too long. A held run holds no lock."""
    # Waiting for people to approve is not counted; being held after that is.
    since = run.waiting_since if run.status is Status.HELD and run.waiting_since else now
    ends = since + int(site.hold_max * SECOND)
    again = is_kept_up(run)
    if now >= ends and not again:
        reason = f"held for {show_duration((now - since) / SECOND)} by {hold.guard}: {hold.reason}; {hold.advice}"
        # Of all that a storm holds, people are called once.
        quiet = hold.guard == "storm" and not storms.call_once(tx, hold.scope)
        if hold.guard == "storm" and not quiet:
            row.columns["told_alone"] = 1
        return finish(tx, row, run, site, Finish(Status.ESCALATED, reason.strip("; ")), now, quiet=quiet)
    woken, loud = let_go(tx, run), loud_again(tx, run, now)
    if run.plan.limits is not None and run.plan.limits.share is not None:
        journal.supersede(tx, run.id, now)  # what was counted may be different by then
    called = again and now >= ends and call_people(tx, run, site, now)
    if again and now >= ends:
        ends = now + TRY_AGAIN
    due = min(ends, hold.until if hold.until is not None else ends)
    deadline = run.deadline if has_tried(run) else None  # its time begins when it is let through
    row.move(run, Status.HELD, now, reason=hold.said[:1000], held_by=hold.guard, held_scope=hold.scope,
        held_until=hold.until, waiting_since=since, due_at=due, claimed=-1, deadline=deadline,
    )  # fmt: skip
    inbox.decide_run(tx, run.id, "held", now, guard=hold.guard, reason=hold.said, until=hold.until)
    in_storm = hold.guard == "storm"
    if in_storm and not run.storm:
        row.columns["storm"] = storms.evidence(tx, hold.scope)
    told = run.status is not Status.HELD and hold.guard != "order" and not in_storm and not run.storm
    if told:
        outbox.tell(tx, site.reporters, run.id, Telling.MESSAGE, "", now)
    run = replace(run, status=Status.HELD, claimed=-1, held_scope=hold.scope, deadline=deadline)
    return Work(run, due=due, wake=tuple(woken), told=told or loud or called, held=hold)
