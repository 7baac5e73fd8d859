"""Write how steps came out, and go forward, in one transaction: outcome n and intent n+1 share a commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from remediator.core.action import Intent
from remediator.core.records import HALF, Entry, Outcome, Phase
from remediator.core.run import Finish, Poll, RunState
from remediator.core.transitions import FINAL, Status
from remediator.core.verification import Sample, judge_samples
from remediator.engine.finish import finish, has_changed
from remediator.engine.forward import forward, refresh
from remediator.engine.limits import Slots
from remediator.engine.perform import Result
from remediator.engine.work import Site, Work
from remediator.store import breakers, journal, reservations, trials
from remediator.store.journal import RunRow
from remediator.store.sqlite import Tx


def begin(tx: Tx, run_id: str, site: Site, slots: Slots, now: int, fresh: RunState | None = None) -> Work | None:
    """Load a run and move it as far as rows carry it; None when it is over.

    ``fresh`` is a run as its rows have it, kept since this process wrote them: it need not be read.
    """
    said = journal.control(tx, run_id)
    if said.finished_at is not None:
        return None
    run = fresh if fresh is not None else journal.load(tx, run_id)[0]
    return forward(tx, refresh(run, site, said), site, slots, now)


def conclude(tx: Tx, run: RunState, results: tuple[Result, ...], site: Site, slots: Slots, now: int) -> Work:
    """Write outcomes, count them for breakers, and go forward."""
    said = journal.control(tx, run.id)
    entries = {}
    for result in results:
        intent = run.journal.get(result.task.job.key)
        entry = _outcome_entry(result, intent, now)
        if intent is None or entry.phase is Phase.PREVIEW:
            journal.write_step(tx, run.id, entry)
        else:
            journal.write_outcome(tx, run.id, entry)
        entries[entry.key] = entry
        changes = result.task.job.step.changes and entry.phase in (Phase.ACT, Phase.UNDO)
        if changes and (entry.outcome is not Outcome.FAILED or result.maybe):
            reservations.changed(tx, run.id, run.plan.locks, now)
            if entry.phase is Phase.ACT and not has_changed(run, entry.cycle):
                reservations.remedied(tx, run.id, run.plan, now)
        if said.any_breaker or result.transport:  # an answer matters only to a breaker that has failed before
            _count_answer(tx, run.id, result, site, now)
    run = replace(run, journal={**run.journal, **entries})
    return forward(tx, refresh(run, site, said), site, slots, now)


def intend(tx: Tx, run: RunState, resolved: Mapping[str, Intent[Any]], site: Site, slots: Slots, now: int) -> Work:
    """Write the intent of a change whose parameters have become absolute: what may forbid it is read again."""
    return forward(tx, refresh(run, site, journal.control(tx, run.id)), site, slots, now, resolved)


def conclude_poll(
    tx: Tx, run: RunState, poll: Poll, samples: tuple[Sample, ...], site: Site, slots: Slots, now: int
) -> Work:
    """Write what a verification's poll showed, and go forward."""
    verify = run.plan.verify
    assert verify is not None  # noqa: S101 -- only a plan with one is polled
    key = f"{poll.cycle}/verify/all"
    before = run.journal.get(key)
    output = judge_samples(verify, samples, (before.output or {}) if before else {}, poll.changed_at, now)
    entry = Entry(
        key=key, phase=Phase.VERIFY, cycle=poll.cycle, step="all", action="", outcome=Outcome.DONE, args={},
        started_at=before.started_at if before else now, finished_at=now, attempt=output["polls"], output=output,
    )  # fmt: skip
    journal.write_step(tx, run.id, entry)
    run = replace(run, journal={**run.journal, key: entry})
    return forward(tx, refresh(run, site, journal.control(tx, run.id)), site, slots, now)


def abandon(tx: Tx, run_id: str, reason: str, site: Site, now: int) -> Work | None:
    """End a run that cannot be carried on because of a defect: people are called, locks are let go."""
    run, _ = journal.load(tx, run_id)
    if run.status in FINAL:
        return None
    begun = any(e.phase is Phase.ACT and e.outcome is Outcome.INTENT for e in run.journal.values())
    status = Status.UNKNOWN if begun and run.status in (Status.ACTING, Status.VERIFYING) else Status.ESCALATED
    row = RunRow()
    work = finish(tx, row, run, site, Finish(status, reason), now)
    row.write(tx, run_id)
    return work


def _outcome_entry(result: Result, intent: Entry | None, now: int) -> Entry:
    """Return the journal's entry of a step that came out so; ``intent`` is what it says already, if it does."""
    task = result.task
    output: Mapping[str, Any] | None = {HALF: True} if result.maybe else result.output
    job = task.job
    if intent is None:
        args = task.parameters.model_dump(mode="json") if task.parameters is not None else job.step.args
        intent = Entry(
            key=job.key, phase=job.phase, cycle=job.cycle, step=job.step.id, action=job.step.action, remedy=job.remedy,
            outcome=Outcome.INTENT, args=args, started_at=task.started_at or now,
        )  # fmt: skip
    before = intent.before
    if job.phase is Phase.PREVIEW and output is not None:
        before, output = output["before"], {"preview": output["preview"]}
    return replace(intent, outcome=result.outcome, before=before, output=output, error=result.error[:4000],
        attempt=result.attempt, finished_at=now,
    )  # fmt: skip


def _count_answer(tx: Tx, run: str, result: Result, site: Site, now: int) -> None:
    """Count transport errors, and answers, for the backend's breaker."""
    if result.transport is None or result.task.action is None:
        return
    key = f"backend:{result.task.backend}"
    breakers.count(tx, key, success=not result.transport, limits=site.backend_breaker, now=now)
    trials.heard(tx, key, run)
