"""Make steps ready: render, validate, read again what forbids a change, take places, write intents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace
from pydantic import ValidationError

from remediator.actions import registry
from remediator.core.action import Action, Intent, Parameters
from remediator.core.durations import SECOND
from remediator.core.guards import Envelope, Facts, Hold, judge_envelope, judge_pause
from remediator.core.plan import covers, scope_of, validated
from remediator.core.records import Entry, Outcome, Phase, Plan
from remediator.core.reporting import Telling
from remediator.core.run import Do, Finish, Job, Poll, RunState, has_agreed
from remediator.core.transitions import Mode, Status, stricter
from remediator.engine.allowed import only_what_is_allowed, only_what_the_policy_allows
from remediator.engine.claim import hold_before_change
from remediator.engine.finish import call_people, finish, has_changed, is_kept_up, told_to
from remediator.engine.limits import Slots
from remediator.engine.work import Quiet, Site, Task, Work
from remediator.errors import RenderError
from remediator.store import facts, journal, outbox
from remediator.store.journal import RunRow
from remediator.store.sqlite import Tx

PAUSE_CHECK = 60 * SECOND  #: a run that stopped at a pause looks again at least this often


def begin_steps(
    tx: Tx,
    row: RunRow,
    run: RunState,
    site: Site,
    slots: Slots,
    step: Do,
    resolved: Mapping[str, Intent[Any]],
    now: int,
) -> RunState | Work:
    """Make steps ready, take their places, write their intents."""
    change = next((job for job in step.jobs if job.phase in (Phase.ACT, Phase.UNDO)), None)
    # A claim of this same transaction has just judged; anything older is asked again.
    only_ask = False
    if change is not None and "claimed" not in row.columns:
        forbidden = _forbids(tx, run, site, change, now)
        only_ask = forbidden is not None and change.key in run.journal
        if forbidden is not None and not only_ask:
            return stop_before(tx, row, run, site, forbidden, now)
        first = change.phase is Phase.ACT and change.key.endswith("/0") and change.key not in run.journal
        if first and (came := hold_before_change(tx, row, run, site, now)):
            return came
        row.move(run, run.status, now, held_by="", held_scope="", held_until=None)
        run = replace(run, held_scope="")
    made = [_ready(run, job, resolved.get(job.key), site, now) for job in step.jobs]
    tasks = tuple([task for task in made if isinstance(task, Task)])
    if only_ask:
        tasks = tuple([replace(task, only_ask=True) for task in tasks])
    wants = tuple([task.backend for task in tasks])
    if tasks and (missing := slots.take(run.id, wants)):
        return Work(run, full=missing, wants=wants)
    told = change is not None and run.plan.verify is not None and not has_changed(run)
    run = _write(tx, run, [entry for entry in made if isinstance(entry, Entry)])
    if not tasks:
        return run
    if any(task.intent is None for task in tasks):  # it must be looked up first what "+50%" is
        return Work(run, tasks=tasks)
    run = _write(tx, run, [_intent_entry(task) for task in tasks if task.job.key not in run.journal])
    if told:
        outbox.tell(tx, told_to(tx, row, run, site), run.id, Telling.MESSAGE, "", now)
    if run.status is not step.status:
        row.move(run, step.status, now, due_at=now, held_scope="", held_by="", held_until=None)
    return Work(replace(run, status=step.status), tasks=tasks, told=told)


def _write(tx: Tx, run: RunState, entries: list[Entry]) -> RunState:
    """Write entries into the journal; return the run that has them."""
    if not entries:
        return run
    for entry in entries:
        journal.write_step(tx, run.id, entry)
    return replace(run, journal={**run.journal, **{entry.key: entry for entry in entries}})


def _forbids(tx: Tx, run: RunState, site: Site, job: Job, now: int) -> Hold | str | None:
    """Read again, before each change, what may forbid it: pause, envelope, the rule and its mode."""
    if run.paused_by:  # only what was begun before comes here
        return Hold("pause", "", f"paused by {run.paused_by}", None, f"remediator runs resume {run.id}")
    known = Facts(pauses=(*facts.pauses(tx), *site.paused))
    by_person = bool(run.plan.undoes) and not run.plan.wait
    paused = None if by_person else judge_pause(run.plan, known, site.envelope, now)
    if isinstance(paused, Hold):
        return paused
    if refused := judge_envelope(run.plan, known, site.envelope, now):
        return refused.said
    if job.phase is Phase.UNDO:
        return None
    wanted = next(remedy.mode for remedy in run.plan.remedies if remedy.name == job.remedy)
    mode = stricter(run.mode, wanted, Mode.ASK if job.remedy in run.asks else Mode.AUTO)
    if mode is Mode.OBSERVE or (mode is Mode.ASK and not has_agreed(run, job.cycle)):
        return run.mode_reason or f"its mode is now {mode}"
    need = run.asks.get(job.remedy)
    return None if need is None or run.asked.covers(need) else "who must approve it is no longer who was asked"


def why_not_again(tx: Tx, run: RunState, site: Site, task: Task, now: int) -> str:
    """Return why a change must not be tried again; empty when it may. ``run`` says what binds it by now."""
    forbidden = _forbids(tx, run, site, task.job, now)
    if isinstance(forbidden, Hold):
        return forbidden.reason
    return forbidden or _outside(run.plan, task, site.envelope)


def _outside(plan: Plan, task: Task, envelope: Envelope) -> str:
    """Say what of a change, as it stands in the journal, the site does not allow by now; empty when nothing."""
    if task.job.phase is not Phase.ACT or task.action is None or task.parameters is None:
        return ""
    try:
        backend = "" if task.job.step.needs else task.backend
        only_what_is_allowed(plan, task.action, task.parameters, envelope, backend)
    except RenderError as error:
        return str(error)
    return ""


def stop_before(tx: Tx, row: RunRow, run: RunState, site: Site, forbidden: Hold | str, now: int) -> Work:
    """Wait while paused, or silenced by a person; end where the site or the rule was tightened."""
    if isinstance(forbidden, str):
        status = Status.ESCALATED if has_changed(run) else Status.CANCELLED
        return finish(tx, row, run, site, Finish(status, f"stopped before the next change: {forbidden}"), now)
    late, told = run.deadline is not None and now >= run.deadline, False
    if late and not is_kept_up(run):
        return finish(tx, row, run, site, Finish(Status.ESCALATED, f"its time was up while {forbidden.reason}"), now)
    if late:
        told = call_people(tx, run, site, now)
    # Another's clock may say that it goes on though its end is over here.
    until = forbidden.until if forbidden.until is not None and forbidden.until > now else now + PAUSE_CHECK
    due = min(until, now + PAUSE_CHECK)
    if run.deadline is not None and not late:
        due = min(due, run.deadline)
    row.move(
        run, run.status, now, reason=forbidden.said[:1000], held_by=forbidden.guard, held_scope=forbidden.scope,
        held_until=forbidden.until, due_at=due,
    )  # fmt: skip
    return Work(run, due=due, held=forbidden, told=told)


def _ready(run: RunState, job: Job, resolved: Intent[Any] | None, site: Site, now: int) -> Task | Entry:
    """Return the task for a job, or the entry that says why it cannot be done."""
    if job.phase in (Phase.CONFIRM, Phase.SILENCE):
        asked = _quiet(run, job, site.quiet_for, now) if job.phase is Phase.SILENCE else Parameters()
        return Task(job, None, None, "alertmanager", Intent(asked, {}), started_at=now)
    action = registry.find(job.step.action)
    earlier = run.journal.get(job.key)
    begun = earlier is not None
    if job.phase is Phase.UNDO and earlier is None:
        earlier = run.journal[f"{job.cycle}/act/{job.key.rsplit('/', 1)[1]}"]
    try:
        if action is None:
            raise RenderError(f"there is no action {job.step.action}")
        if job.phase is Phase.PREVIEW and (awaited := _awaited(run, job)):
            only_what_the_policy_allows(site.envelope.policy, action, None)
            return _preview_later(job, awaited, now)
        if earlier is not None:
            parameters = action.parameters.model_validate(earlier.args)
            intent: Intent[Any] | None = Intent(parameters, earlier.before or {})
            started_at = earlier.started_at if begun else now
            task = Task(job, action, parameters, action.backend(parameters), intent, begun, started_at)
            return replace(task, only_ask=begun and bool(_outside(run.plan, task, site.envelope)))
        if resolved is not None:
            parameters = resolved.parameters
        else:
            known = run.ready.get(f"{job.remedy}/{job.key.rsplit('/', 1)[1]}") if job.remedy else None
            parameters = known or validated(action, job.step, scope_of(run.plan, run.journal, job.cycle))
        backend = action.backend(parameters)
        _check(run, job, action, parameters, site.envelope, backend)
    except (RenderError, ValidationError) as error:
        return _entry(job, Outcome.FAILED, now, error=str(error), finished=True)
    if resolved is not None:
        intent = resolved
    else:
        intent = None if action.resolve is not None and job.phase is Phase.ACT else Intent(parameters, {})
    return Task(job, action, parameters, backend, intent, started_at=now)


def _check(
    run: RunState, job: Job, action: Action[Any, Any], parameters: Parameters, envelope: Envelope, backend: str
) -> None:
    """Check what the site says of a step, before it is done and before people are shown it. Raise RenderError."""
    if job.phase is Phase.ACT:
        only_what_is_allowed(run.plan, action, parameters, envelope, "" if job.step.needs else backend)
    elif job.phase is Phase.PREVIEW:  # nobody is told of, or asked for, what can never be done
        only_what_the_policy_allows(envelope.policy, action, parameters)


def _preview_later(job: Job, awaited: tuple[str, ...], now: int) -> Entry:
    said = {"preview": f"what exactly is known once {', '.join(awaited)} is done"}
    return replace(_entry(job, Outcome.DONE, now, before={}, finished=True), output=said)


def _quiet(run: RunState, job: Job, quiet_for: float, now: int) -> Quiet:
    """Return until when the alert is silenced: the run's own end at the latest. What was begun keeps its end."""
    begun = run.journal.get(job.key)
    if begun is not None:
        return Quiet.model_validate(begun.args)
    most = now + int(quiet_for * SECOND)
    return Quiet(ends_at=min(most, run.deadline) if run.deadline is not None else most)


def _awaited(run: RunState, job: Job) -> tuple[str, ...]:
    """Return the steps of the same remedy whose outputs this one asks for: beforehand it cannot be asked about."""
    remedy = next(remedy for remedy in run.plan.remedies if remedy.name == job.remedy)
    own = {step.id for step in remedy.steps}
    return tuple(each for each in job.step.needs if each in own)


def moved_by_this_remedy(run: RunState, task: Task) -> bool:
    """Whether an earlier step of the same remedy changed what this one changes, or what is around or inside it.

    Then what was there when an approver looked is gone by what the approver allowed.
    """
    if task.action is None or task.parameters is None:
        return False
    mine = task.action.targets(task.parameters)
    for entry in run.journal.values():
        if entry.phase is not Phase.ACT or entry.cycle != task.job.cycle or entry.outcome is not Outcome.DONE:
            continue
        action = registry.find(entry.action)
        if action is None or not action.changes:
            continue
        theirs = action.targets(action.parameters.model_validate(entry.args))
        if any(covers(a, b) or covers(b, a) for a in mine for b in theirs):
            return True
    return False


def _intent_entry(task: Task) -> Entry:
    intent = task.intent
    args = intent.parameters.model_dump(mode="json") if intent else {}
    before = dict(intent.before) if intent and intent.before else None
    return _entry(task.job, Outcome.INTENT, task.started_at, args=args, before=before)


def _entry(
    job: Job,
    outcome: Outcome,
    now: int,
    *,
    args: Any = None,
    before: Any = None,
    error: str = "",
    finished: bool = False,
) -> Entry:
    return Entry(
        key=job.key, phase=job.phase, cycle=job.cycle, step=job.step.id, action=job.step.action, remedy=job.remedy,
        outcome=outcome, args=args if args is not None else job.step.args, before=before, error=error, started_at=now,
        finished_at=now if finished else None, attempt=0 if finished else 1,
    )  # fmt: skip


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
