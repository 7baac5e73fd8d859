"""Move one run as far as rows and pure decisions carry it, inside one transaction.

``forward`` asks ``next_move`` and writes what follows from it, again and again, until something
outside is needed (steps to perform, a sample to take, time to pass) or the run is over. The
functions here are parts of units: they do SQL and pure core, nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from remediator.actions import registry
from remediator.core.action import Action, Intent, Parameters
from remediator.core.breaker import BreakerLimits, BreakerState
from remediator.core.durations import SECOND, show_duration
from remediator.core.guards import HOLD_AGAIN, Envelope, Facts, Hold, Refuse, judge, judge_envelope, judge_pause
from remediator.core.plan import covers, scope_of, validated
from remediator.core.records import Entry, Outcome, Phase, Plan
from remediator.core.reporting import Telling
from remediator.core.rules import RuleTable
from remediator.core.run import Claim, Do, Finish, Job, Poll, RunState, Wait, next_move
from remediator.core.transitions import Mode, Status, stricter
from remediator.engine.limits import Slots
from remediator.errors import PermanentError, RenderError
from remediator.store import facts, inbox, journal, outbox
from remediator.store.journal import Control, RunRow
from remediator.store.sqlite import Tx

PAUSE_CHECK = 60 * SECOND  #: a run that stopped at a pause looks again at least this often


@dataclass(frozen=True, slots=True)
class Site:
    """What binds every run here: the daemon's settings and the rule table, as they are now."""

    table: RuleTable = field(default_factory=RuleTable)
    max_mode: Mode = Mode.OBSERVE
    envelope: Envelope = Envelope()
    limits: facts.SiteLimits = facts.SiteLimits()
    backend_breaker: BreakerLimits = BreakerLimits()
    outcome_breaker: BreakerLimits = BreakerLimits()
    hold_max: float = 1800.0
    grace: float = 120.0
    reporters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """One step to perform. With ``intent`` it is journalled; without, it must be resolved first."""

    job: Job
    action: Action[Any, Any] | None  #: None: ask whether the alert still fires
    parameters: Parameters | None
    backend: str  #: what it talks to
    intent: Intent[Any] | None = None
    recovered: bool = False  #: begun by a process that died
    started_at: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """What a run needs from outside next; nothing when it waits or is over."""

    run: RunState
    tasks: tuple[Task, ...] = ()
    poll: Poll | None = None
    full: str = ""  #: the backend (or ``everything``) that has no place for its step
    due: int | None = None
    wake: tuple[str, ...] = ()
    finish: Finish | None = None
    told: bool = False  #: rows were put into the outbox
    held: Hold | None = None


def refresh(run: RunState, site: Site, said: Control) -> RunState:
    """Take over what others may have written, and what binds now: tightening applies at once."""
    mode, reason = binding_mode(run.plan, site, may_act=bool(said.may_act))
    return replace(
        run, status=Status(said.status), cancelled_by=said.cancelled_by, resolved=said.resolved_at is not None,
        approved=said.approved, mode=mode, mode_reason=reason,
    )  # fmt: skip


def binding_mode(plan: Plan, site: Site, *, may_act: bool) -> tuple[Mode, str]:
    """Return the strictest of rule and daemon as they are now, and why it is stricter than the plan's."""
    rule = site.table.rule(plan.rule)
    if rule is None:
        return Mode.OBSERVE, "its rule is gone"
    if not may_act:
        return Mode.OBSERVE, "a rule before it acts on this alert"
    mode = stricter(plan.mode, rule.text.mode, site.max_mode)
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
    return work


def move(
    tx: Tx, row: RunRow, run: RunState, site: Site, slots: Slots, now: int,
    resolved: Mapping[str, Intent[Any]] | None = None,
) -> Work:  # fmt: skip
    """Move a run; what changes in its row is only noted. One loop: the path of a run."""
    for _ in range(100):
        step = next_move(run, now)
        match step:
            case Claim():
                came = _claim(tx, row, run, site, step.cycle, now)
            case Do():
                came = _begin(tx, row, run, site, slots, step, resolved or {}, now)
            case Poll():
                return _poll(row, run, slots, step, now)
            case Wait():
                return _wait(tx, row, run, site, step, now)
            case Finish():
                return finish(tx, row, run, site, step, now)
        if isinstance(came, Work):
            return came
        run = came
    raise PermanentError(f"run {run.id} does not come forward; this is a defect")


def _poll(row: RunRow, run: RunState, slots: Slots, step: Poll, now: int) -> Work:
    if missing := slots.take(run.id, poll_backends(run, step)):
        return Work(run, full=missing)
    if run.status is not Status.VERIFYING:
        row.move(run, Status.VERIFYING, now, due_at=now, reason="verifying")
        run = replace(run, status=Status.VERIFYING)
    return Work(run, poll=step)


def _claim(tx: Tx, row: RunRow, run: RunState, site: Site, cycle: int, now: int) -> RunState | Work:
    """Judge and take, in this transaction: two runs can't both pass."""
    known = facts.read(tx, run.id, run.plan, run.created_at, site.limits)
    verdict = judge(run.plan, known, site.envelope, now, holding=run.claimed >= 0)
    if verdict is None:
        run, verdict = _outcome_breakers(tx, run, known, now)
        if run.mode is Mode.OBSERVE:
            return run
    if isinstance(verdict, Refuse):
        status = Status.REFUSED if cycle == 0 else Status.ESCALATED
        inbox.decide_run(tx, run.id, "refused", now, guard=verdict.guard, reason=verdict.reason)
        return finish(tx, row, run, site, Finish(status, f"{verdict.reason}; {verdict.advice}".strip("; ")), now)
    if isinstance(verdict, Hold):
        return _hold(tx, row, run, site, verdict, now)
    if run.claimed < 0:
        facts.take(tx, run.id, run.plan, site.limits, known.newest, now)
    status = run.status if run.status in (Status.DIAGNOSING, Status.ACTING, Status.VERIFYING) else Status.DIAGNOSING
    deadline = run.deadline or now + int(run.plan.timeout * SECOND)
    row.move(run, status, now, claimed=cycle, deadline=deadline, waiting_since=None, held_by="", held_scope="",
        held_until=None, due_at=now,
    )  # fmt: skip
    if run.status is Status.HELD:
        inbox.decide_run(tx, run.id, "run", now)
    return replace(run, status=status, claimed=cycle, deadline=deadline, waiting_since=None)


def _outcome_breakers(tx: Tx, run: RunState, known: Facts, now: int) -> tuple[RunState, Hold | None]:
    """An open outcome breaker lets the run observe only; a half-open one lets one trial through at a time."""
    for breaker in known.breakers:
        if breaker.key.startswith("backend:"):
            continue
        state = breaker.at(now).state
        if state is BreakerState.OPEN:
            reason = f"breaker {breaker.key} is open after {breaker.failures} runs that did not help"
            return replace(run, mode=Mode.OBSERVE, mode_reason=reason), None
        if state is BreakerState.HALF_OPEN and facts.rule_is_claimed(tx, run.plan.rule, run.id):
            reason = f"{breaker.key} is half-open and tries one run at a time"
            advice = f"remediator breakers reset '{breaker.key}'"
            return run, Hold("breaker", breaker.key, reason, now + HOLD_AGAIN, advice)
    return run, None


def _hold(tx: Tx, row: RunRow, run: RunState, site: Site, hold: Hold, now: int) -> Work:
    """Write the hold, or call people when it has been held too long. A held run holds no lock."""
    # Waiting for people to approve is not counted; being held after that is.
    since = run.waiting_since if run.status is Status.HELD and run.waiting_since else now
    ends = since + int(site.hold_max * SECOND)
    if now >= ends:
        reason = f"held for {show_duration((now - since) / SECOND)} by {hold.guard}: {hold.reason}"
        return finish(tx, row, run, site, Finish(Status.ESCALATED, reason), now)
    woken = _let_go(tx, run)
    due = min(ends, hold.until if hold.until is not None else ends)
    row.move(run, Status.HELD, now, reason=hold.reason[:1000], held_by=hold.guard, held_scope=hold.scope,
        held_until=hold.until, waiting_since=since, due_at=due, claimed=-1,
    )  # fmt: skip
    inbox.decide_run(tx, run.id, "held", now, guard=hold.guard, reason=hold.reason, until=hold.until)
    told = run.status is not Status.HELD and hold.guard != "order"
    if told:
        outbox.tell(tx, site.reporters, run.id, Telling.MESSAGE, "", now)
    return Work(replace(run, status=Status.HELD, claimed=-1), due=due, wake=tuple(woken), told=told, held=hold)


def _let_go(tx: Tx, run: RunState) -> list[str]:
    """Release locks and, where nothing was changed, reservations."""
    return facts.release(tx, run.id, give_back=not _changed(run)) if run.claimed >= 0 else []


def _changed(run: RunState) -> bool:
    return any(e.phase is Phase.ACT and e.outcome is not Outcome.FAILED for e in run.journal.values())


def _begin(
    tx: Tx, row: RunRow, run: RunState, site: Site, slots: Slots, step: Do, resolved: Mapping[str, Intent[Any]], now: int
) -> RunState | Work:
    """Make steps ready, take their places, write their intents."""
    change = next((job for job in step.jobs if job.phase in (Phase.ACT, Phase.UNDO)), None)
    # A claim of this same transaction has just judged; anything older is asked again.
    if change is not None and change.key not in run.journal and "claimed" not in row.columns:
        if stop := _before_change(tx, row, run, site, change, now):
            return stop
    tasks: list[Task] = []
    failed: dict[str, Entry] = {}
    scope = scope_of(run.plan, run.journal, step.jobs[0].cycle)
    for job in step.jobs:
        made = _ready(run, job, scope, resolved.get(job.key), now)
        if isinstance(made, Entry):
            failed[job.key] = made
        else:
            tasks.append(made)
    if tasks and (missing := slots.take(run.id, [task.backend for task in tasks])):
        return Work(run, full=missing)
    if failed:
        for entry in failed.values():
            journal.write_step(tx, run.id, entry)
        run = replace(run, journal={**run.journal, **failed})
    if not tasks:
        return run
    if any(task.intent is None for task in tasks):  # it must be looked up first what "+50%" is
        return Work(run, tasks=tuple(tasks))
    intents = {task.job.key: _intent_entry(task) for task in tasks}
    for key, entry in intents.items():
        if key not in run.journal:
            journal.write_step(tx, run.id, entry)
    told = change is not None and run.plan.verify is not None and not _changed(run)
    if told:
        outbox.tell(tx, site.reporters, run.id, Telling.MESSAGE, "", now)
    if run.status is not step.status:
        row.move(run, step.status, now, due_at=now, held_scope="", held_by="", held_until=None)
    run = replace(run, status=step.status, journal={**run.journal, **intents})
    return Work(run, tasks=tuple(tasks), told=told)


def _before_change(tx: Tx, row: RunRow, run: RunState, site: Site, job: Job, now: int) -> Work | None:
    """Read again, before each change, what may forbid it: pause, envelope, the rule and its mode."""
    known = Facts(pauses=facts.pauses(tx, run.plan.rule))
    if paused := judge_pause(run.plan, known, site.envelope, now):
        assert isinstance(paused, Hold)  # noqa: S101 -- a pause only holds
        due = min(paused.until or now + PAUSE_CHECK, now + PAUSE_CHECK, run.deadline or now + PAUSE_CHECK)
        row.move(run, run.status, now, reason=paused.reason[:1000], held_by="pause", held_scope=paused.scope, due_at=due
        )
        if run.deadline is not None and now >= run.deadline:
            return finish(tx, row, run, site, Finish(Status.ESCALATED, f"its time was up while {paused.reason}"), now)
        return Work(run, due=due, held=paused)
    refused = judge_envelope(run.plan, known, site.envelope, now)
    if job.phase is Phase.UNDO:
        return None if refused is None else _stop(tx, row, run, site, refused.reason, now)
    wanted = next(remedy.mode for remedy in run.plan.remedies if remedy.name == job.remedy)
    mode = stricter(run.mode, wanted)
    if refused is not None:
        return _stop(tx, row, run, site, refused.reason, now)
    if mode is Mode.OBSERVE or (mode is Mode.ASK and not run.approved):
        return _stop(tx, row, run, site, run.mode_reason or f"its mode is now {mode}", now)
    return None


def _stop(tx: Tx, row: RunRow, run: RunState, site: Site, reason: str, now: int) -> Work:
    status = Status.ESCALATED if _changed(run) else Status.CANCELLED
    return finish(tx, row, run, site, Finish(status, f"stopped before the next change: {reason}"), now)


def _ready(run: RunState, job: Job, scope: Mapping[str, Any], resolved: Intent[Any] | None, now: int) -> Task | Entry:
    """Return the task for a job, or the entry that says why it cannot be done."""
    if job.phase is Phase.CONFIRM:
        return Task(job, None, None, "alertmanager", Intent(Parameters(), {}), started_at=now)
    action = registry.find(job.step.action)
    earlier = run.journal.get(job.key)
    begun = earlier is not None
    if job.phase is Phase.UNDO and earlier is None:
        earlier = run.journal[f"{job.cycle}/act/{job.key.rsplit('/', 1)[1]}"]
    try:
        if action is None:
            raise RenderError(f"there is no action {job.step.action}")
        if earlier is not None:
            parameters = action.parameters.model_validate(earlier.args)
            intent: Intent[Any] | None = Intent(parameters, earlier.before or {})
            started_at = earlier.started_at if begun else now
            return Task(job, action, parameters, action.backend(parameters), intent, begun, started_at)
        parameters = resolved.parameters if resolved is not None else validated(action, job.step, scope)
        backend = action.backend(parameters)
        if job.phase is Phase.ACT:
            _only_what_is_locked(run.plan, action, parameters, backend)
    except (RenderError, ValidationError) as error:
        return _entry(job, Outcome.FAILED, now, error=str(error), finished=True)
    if resolved is not None:
        intent = resolved
    else:
        intent = None if action.resolve is not None and job.phase is Phase.ACT else Intent(parameters, {})
    return Task(job, action, parameters, backend, intent, started_at=now)


def _only_what_is_locked(plan: Plan, action: Action[Any, Any], parameters: Parameters, backend: str) -> None:
    for target in action.targets(parameters):
        if not any(covers(lock, target) for lock in plan.locks):
            raise RenderError(f"{action.name} would change {target}, which this run has not locked")
    if backend not in plan.backends:
        raise RenderError(f"{action.name} would talk to {backend}, which was not known when the run was planned")


def poll_backends(run: RunState, poll: Poll) -> list[str]:
    """Return what the conditions talk to; one that cannot be rendered takes no place."""
    found = []
    scope = scope_of(run.plan, run.journal, poll.cycle)
    for step in run.plan.verify.conditions if run.plan.verify else ():
        action = registry.find(step.action)
        try:
            if action is not None:
                found.append(action.backend(validated(action, step, scope)))
        except RenderError:
            continue
    return found


def _intent_entry(task: Task) -> Entry:
    intent = task.intent
    args = intent.parameters.model_dump(mode="json") if intent else {}
    before = dict(intent.before) if intent and intent.before else None
    return _entry(task.job, Outcome.INTENT, task.started_at, args=args, before=before)


def _entry(
    job: Job, outcome: Outcome, now: int, *, args: Any = None, before: Any = None, error: str = "", finished: bool = False
) -> Entry:
    return Entry(
        key=job.key, phase=job.phase, cycle=job.cycle, step=job.step.id, action=job.step.action, remedy=job.remedy,
        outcome=outcome, args=args if args is not None else job.step.args, before=before, error=error, started_at=now,
        finished_at=now if finished else None,
    )  # fmt: skip


def _wait(tx: Tx, row: RunRow, run: RunState, site: Site, move: Wait, now: int) -> Work:
    """Write what the run waits for. Waiting for people holds no lock."""
    woken: list[str] = []
    columns: dict[str, Any] = {"due_at": move.until, "reason": move.reason[:1000]}
    told = False
    if move.status is Status.AWAITING_APPROVAL:
        if refused := judge_envelope(run.plan, Facts(), site.envelope, now):  # nobody is asked for what is not allowed
            return finish(tx, row, run, site, Finish(Status.REFUSED, refused.reason), now)
        woken = _let_go(tx, run)
        told = run.status is not Status.AWAITING_APPROVAL
        since = run.waiting_since if not told else now
        columns |= {"shown": move.shown, "approved": "", "claimed": -1, "waiting_since": since, "deadline": None}
        run = replace(run, claimed=-1, waiting_since=since, approved="", deadline=None)
        if told:
            outbox.tell(tx, site.reporters, run.id, Telling.MESSAGE, "", now)
            outbox.tell(tx, site.reporters, run.id, Telling.THREAD, "approval", now)
    elif move.status is Status.HELD:
        columns |= {"held_by": move.held_by, "held_scope": "", "held_until": move.until}
        if run.status is not Status.HELD:
            inbox.decide_run(tx, run.id, "held", now, guard=move.held_by, reason=move.reason, until=move.until)
    row.move(run, move.status, now, **columns)
    return Work(replace(run, status=move.status), due=move.until, wake=tuple(woken), told=told)


_TROUBLE = frozenset({Status.ESCALATED, Status.FAILED, Status.UNDONE, Status.UNKNOWN, Status.EXPIRED})


def finish(tx: Tx, row: RunRow, run: RunState, site: Site, move: Finish, now: int) -> Work:
    """End a run: row, locks, reservations, breakers, decision, and what is to be told."""
    changed = _changed(run)
    acted = any(entry.phase is Phase.ACT for entry in run.journal.values())
    row.move(run, move.status, now, reason=move.reason[:2000])
    woken: list[str] = []
    if run.claimed >= 0 and move.status is not Status.UNKNOWN:  # unknown keeps its lock until a person settles it
        woken = facts.release(tx, run.id, give_back=not changed)
    if acted:
        _count_outcome(tx, run, site, move.status, now)
    told = _tell_end(tx, run, site, move.status, acted=acted, now=now)
    return Work(replace(run, status=move.status), wake=tuple(woken), finish=move, told=told)


def _count_outcome(tx: Tx, run: RunState, site: Site, status: Status, now: int) -> None:
    """Count what came of a change. Without a verification nobody knows, so nothing is counted."""
    if status is Status.SUCCEEDED:
        success = True
    elif status in _TROUBLE or (status is Status.UNVERIFIED and run.plan.verify is not None):
        success = False
    else:
        return
    for key in facts.outcome_keys(run.plan):
        facts.count_outcome(tx, key, success=success, limits=site.outcome_breaker, now=now)


def _tell_end(tx: Tx, run: RunState, site: Site, status: Status, *, acted: bool, now: int) -> bool:
    if not site.reporters:
        return False
    trouble = status in _TROUBLE or (status is Status.UNVERIFIED and run.plan.verify is not None)
    if status is Status.CANCELLED and not acted and not outbox.was_told(tx, run.id):
        return False  # nobody heard of it, and nothing was done
    outbox.tell(tx, site.reporters, run.id, Telling.MESSAGE, "", now)
    phases = {entry.phase for entry in run.journal.values()}
    for phase, topic in ((Phase.DIAGNOSE, "diagnosis"), (Phase.ACT, "action"), (Phase.VERIFY, "verification")):
        if phase in phases:
            outbox.tell(tx, site.reporters, run.id, Telling.THREAD, topic, now)
    if acted or trouble:
        outbox.tell(tx, site.reporters, run.id, Telling.THREAD, "result", now)
    if trouble:
        outbox.tell(tx, site.reporters, run.id, Telling.ESCALATION, "", now)
    return True
