"""Does what a transaction decided, outside of it, and writes what came of it: the next transaction decides again.

One round: steps are performed, or resolved first when their parameters are relative, or verification is sampled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import structlog

from remediator.actions.context import Clients, Context
from remediator.core.action import Intent
from remediator.core.records import Outcome, Phase, RunView
from remediator.core.run import RunState
from remediator.engine.clock import Clock
from remediator.engine.conclude import conclude, conclude_poll, intend
from remediator.engine.confirm import Confirm, confirm, silence
from remediator.engine.forward import refresh
from remediator.engine.limits import Slots
from remediator.engine.perform import Result, perform, resolve
from remediator.engine.steps import moved_by_this_remedy, why_not_again
from remediator.engine.verify import sample_all
from remediator.engine.work import Site, StandIn, Task, Work, as_it_is
from remediator.errors import StoreError
from remediator.store import inbox, journal
from remediator.store.sqlite import SqliteStore, Tx, Unit

log = structlog.get_logger("run")
T = TypeVar("T")

STORE_RETRY = 1.0  #: seconds between tries to write an outcome while the store refuses


class CountsSteps(Protocol):
    """Counts steps; metrics."""

    def step(self, result: Result, seconds: float) -> None:
        """A step was performed."""


class Carrier:
    """Carries one run from a transaction to the next. ``free`` is told of a run that leaves its places."""

    def __init__(
        self, store: SqliteStore, clock: Clock, slots: Slots, counts: CountsSteps, site: Callable[[], Site],
        free: Callable[[str], None], *, session: Any, clients: Clients,
        connections: Mapping[str, Mapping[str, Any]], ask: Confirm | None = None, stand_in: StandIn = as_it_is,
    ) -> None:  # fmt: skip
        self.stopping = False  #: what cannot be written any more is given up: the next start finds it begun
        self._store = store
        self._clock = clock
        self._slots = slots
        self._counts = counts
        self._site = site
        self._free = free
        self._session = session
        self._clients = clients
        self._connections = connections
        self._ask = ask
        self._stand_in = stand_in
        self._reading: dict[str, list[asyncio.Task[Result]]] = {}

    async def on(self, work: Work) -> Work:
        """Do what this work asks for, and return what is next. It has tasks or a poll."""
        if work.poll:
            return await self._poll(work)
        if any(task.intent is None for task in work.tasks):
            return await self._resolve(work)
        return await self._perform(work)

    def cancel_reading(self, run: str) -> None:
        """End the reading steps of a run at once; a change is never cut off."""
        for task in self._reading.get(run, ()):
            task.cancel()

    async def written(self, unit: Unit[T]) -> T:
        """Write what has happened. While the store refuses it is kept here and tried again: nothing is lost."""
        while True:
            try:
                return await self._store.do(unit)
            except StoreError as error:
                if self.stopping or not error.passes:
                    raise
                log.warning("the store refuses; what happened is kept and written later", error=str(error))
                await asyncio.sleep(STORE_RETRY)

    def context(self, run: RunState, key: str, now: int, changed_at: int | None = None) -> Context:
        """Return the context of one step."""
        return Context(
            session=self._session, clients=self._clients, connections=self._connections, run=run.id,
            key=f"{run.id}/{key}", now=now, starts_at=run.plan.starts_at, changed_at=changed_at,
            protected=self._site().envelope.protected,
        )  # fmt: skip

    def context_of(self, run: RunView) -> Context:
        """Return the context of what is done for a run beside its steps."""
        return Context(
            session=self._session, clients=self._clients, connections=self._connections, run=run.id,
            key=f"{run.id}/beside", now=self._clock.now(), starts_at=run.plan.starts_at,
        )  # fmt: skip

    async def _perform(self, work: Work) -> Work:
        run = work.run
        began = self._clock.now()
        if len(work.tasks) == 1 and work.tasks[0].job.phase in (Phase.ACT, Phase.UNDO):
            results: tuple[Result, ...] = (
                await perform(
                    self._stand_in(run, work.tasks[0]),
                    self.context(run, work.tasks[0].job.key, began),
                    lambda: self._forbidden(run, work.tasks[0]),
                ),
            )
        else:
            reading = [asyncio.create_task(self._one(run, task, began)) for task in work.tasks]
            self._reading[run.id] = reading
            try:
                came = await asyncio.gather(*reading, return_exceptions=True)
            finally:
                self._reading.pop(run.id, None)
            results = tuple(self._landed_so(task, each) for task, each in zip(work.tasks, came, strict=True))
        for result in results:
            self._counts.step(result, (self._clock.now() - began) / 1e6)
        self._free(run.id)  # before the commit: the next run's step need not wait for our disk
        return await self.written(lambda tx: conclude(tx, run, results, self._site(), self._slots, self._clock.now()))

    async def _forbidden(self, run: RunState, task: Task) -> str:
        """Return what has come up against trying a change again: a pause, a cancel, a site that allows less."""
        now = self._clock.now()

        def look(tx: Tx) -> str:
            said = journal.control(tx, run.id)
            if said.cancelled_by:
                return f"cancelled by {said.cancelled_by}"
            if said.paused_by:
                return f"paused by {said.paused_by}"
            return why_not_again(tx, refresh(run, self._site(), said), self._site(), task, now)

        try:
            return await self._store.read(look)
        except StoreError as error:
            return f"nobody could tell whether it still may: {error}"

    @staticmethod
    def _landed_so(task: Task, came: Result | BaseException) -> Result:
        """Return how a reading step came out; one that a person has cancelled has failed."""
        if isinstance(came, asyncio.CancelledError):
            return Result(task, Outcome.FAILED, error="cancelled")
        if isinstance(came, BaseException):
            raise came
        return came

    async def _one(self, run: RunState, task: Task, now: int) -> Result:
        context = self.context(run, task.job.key, now)
        if task.job.phase is Phase.CONFIRM:
            fingerprint = run.plan.fingerprint
            return await confirm(
                task, self._ask, dict(run.plan.labels), context,
                lambda: self._store.read(lambda tx: inbox.joined(tx, run.id, fingerprint)),
            )  # fmt: skip
        if task.job.phase is Phase.SILENCE:
            return await silence(task, self._ask, run, context)
        return await perform(self._stand_in(run, task), context)

    async def _resolve(self, work: Work) -> Work:
        """Look up what relative parameters mean now; then the intent is journalled, unless something forbids it."""
        run = work.run
        resolved: dict[str, Intent[Any]] = {}
        failed: list[Result] = []
        for task in work.tasks:
            made = await resolve(self._stand_in(run, task), self.context(run, task.job.key, self._clock.now()))
            shown = run.journal.get(task.job.key.replace("/act/", "/preview/"))
            if isinstance(made, Result):
                failed.append(made)
            elif (
                run.approved
                and shown is not None
                and dict(shown.before or {}) != dict(made.before)
                and not moved_by_this_remedy(run, task)
            ):
                why = "what is there is no longer what was shown to the approver"
                failed.append(Result(task, Outcome.FAILED, error=why, attempt=0))
            else:
                resolved[task.job.key] = made
        if failed:
            self._free(run.id)
            return await self.written(
                lambda tx: conclude(tx, run, tuple(failed), self._site(), self._slots, self._clock.now())
            )
        return await self.written(lambda tx: intend(tx, run, resolved, self._site(), self._slots, self._clock.now()))

    async def _poll(self, work: Work) -> Work:
        run, poll = work.run, work.poll
        assert poll is not None  # noqa: S101 -- the caller asked
        now = self._clock.now()
        samples = await sample_all(run, poll, lambda key: self.context(run, key, now, poll.changed_at), self._stand_in)
        self._free(run.id)
        return await self.written(
            lambda tx: conclude_poll(tx, run, poll, samples, self._site(), self._slots, self._clock.now())
        )
