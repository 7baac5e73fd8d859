"""Whose turn it is: takes the most urgent run, has it carried until it waits, and notes what was decided of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import structlog

from remediator.actions.context import Clients
from remediator.core.records import Outcome
from remediator.core.run import RunState
from remediator.engine.carry import STORE_RETRY, Carrier, CountsSteps
from remediator.engine.clock import Clock
from remediator.engine.conclude import abandon, begin
from remediator.engine.confirm import Confirm
from remediator.engine.limits import Slots
from remediator.engine.queue import Queue
from remediator.engine.work import Site, StandIn, Work, as_it_is
from remediator.errors import StoreError
from remediator.store.sqlite import SqliteStore
from remediator.store.undo import Made

log = structlog.get_logger("run")

DEFECT_RETRY = 300.0  #: seconds between tries of a run that can neither be carried on nor ended
FRESH_KEPT = 5_000  #: runs kept in memory while they wait for a place for their step


class Observer(CountsSteps, Protocol):
    """Counts what happens; metrics."""

    def finished(self, run: RunState, status: str, seconds: float) -> None:
        """A run is over."""

    def held(self, guard: str, rule: str) -> None:
        """A guard holds a run."""

    def refused(self, guard: str, rule: str) -> None:
        """A guard refused one."""


class Engine:
    """The in-process engine. ``site`` is replaced whole when rules or settings change."""

    def __init__(
        self, store: SqliteStore, clock: Clock, slots: Slots, observer: Observer, *, session: Any, clients: Clients,
        connections: Mapping[str, Mapping[str, Any]], ask: Confirm | None = None,
        on_told: Callable[[], None] = lambda: None, stand_in: StandIn = as_it_is,
    ) -> None:  # fmt: skip
        self.store = store
        self.clock = clock
        self.slots = slots
        self.site = Site()
        self.queue = Queue()
        self.on_told = on_told
        self.carrier = Carrier(
            store, clock, slots, observer, lambda: self.site, self._free, session=session, clients=clients,
            connections=connections, ask=ask, stand_in=stand_in,
        )  # fmt: skip
        self._observer = observer
        self._in_flight: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._fresh: dict[str, RunState] = {}  # wait for a place, as they stand in their rows
        self._wakeup = asyncio.Event()
        self._stopping = False

    # -- the queue's side

    def wake(self, *runs: str) -> None:
        """Have these runs looked at."""
        for run in runs:
            if run in self._in_flight:
                self._again.add(run)
            else:
                self.queue.push(run)
        self._wakeup.set()

    def take_up(self, made: Made) -> None:
        """Have a run looked at that was just made."""
        self.queue.know(made.run, made.priority, made.created_at)
        self.wake(made.run)

    def later(self, run: str, at: int) -> None:
        """Have this run looked at then."""
        self.queue.later(run, at)
        self._wakeup.set()

    async def dispatch(self) -> None:
        """Start what is ready as long as there are places. Runs until cancelled."""
        while not self._stopping:
            self._wakeup.clear()
            while not self._stopping and self.has_places() and (run := self.queue.pop(self.clock.now())):
                self._begin(run)
            self._hand_on()
            due = self.queue.next_due()
            wait = None if due is None else max((due - self.clock.now()) / 1e6, 0.001)
            if not self.has_places():
                wait = None  # a place that becomes free wakes us
            try:
                async with asyncio.timeout(min(wait, 60.0) if wait is not None else 60.0):
                    await self._wakeup.wait()
            except TimeoutError:
                continue

    def has_places(self) -> bool:
        """Whether another run could begin a step."""
        return self.slots.any_free and len(self._in_flight) < 2 * self.slots.total

    def carry(self, work: Work) -> None:
        """Carry a run on whose first step was journalled when it was admitted."""
        self.queue.know(work.run.id, work.run.plan.priority, work.run.created_at)
        if work.tasks or work.poll:
            self._start(work.run.id, self._carry(work))
            return
        self._note(work)

    def idle(self) -> bool:
        """Whether nothing is in flight and nothing is ready."""
        return not self._in_flight and not self.queue.ready

    async def stop(self, limit: float) -> int:
        """Begin nothing more, let steps in flight finish for ``limit`` seconds; return how many were cut off."""
        self._stopping = self.carrier.stopping = True
        self.slots.closed = True  # from here on no intent is written
        self._wakeup.set()
        try:
            async with asyncio.timeout(limit):
                while self._in_flight:
                    await asyncio.wait(list(self._in_flight.values()))
        except TimeoutError:
            log.warning("steps in flight are cut off", runs=list(self._in_flight))
        left = list(self._in_flight.values())
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return len(left)

    # -- a run's side

    def _begin(self, run: str) -> None:
        """Look at a run. One that is being carried is looked at afterwards: no run ever has two carriers."""
        if run in self._in_flight:
            self._again.add(run)
        else:
            self._start(run, self._advance(run))

    def _start(self, run: str, carrying: Any) -> None:
        task = asyncio.create_task(self._guarded(run, carrying), name=f"run {run}")
        self._in_flight[run] = task
        task.add_done_callback(lambda _: self._landed(run))

    def _landed(self, run: str) -> None:
        self._in_flight.pop(run, None)
        if run in self._again:
            self._again.discard(run)
            self.queue.push(run)
        self._free(run)

    def _free(self, run: str) -> None:
        self.slots.release(run)
        self._hand_on()
        self._wakeup.set()

    def _hand_on(self) -> None:
        """Give free places to the runs that wait for them, the most urgent first; each begins with its places taken."""
        while not self._stopping and (run := self.queue.next_blocked(self._takes)):
            self._start(run, self._advance(run))

    def _takes(self, run: str, wants: tuple[str, ...]) -> bool:
        return run not in self._in_flight and self.slots.take(run, wants) is None

    async def _guarded(self, run: str, carrying: Any) -> None:
        """Carry a run; a defect ends that run with people called, never the daemon."""
        try:
            await carrying
        except asyncio.CancelledError:
            raise
        except Exception as error:
            if isinstance(error, StoreError) and error.passes:
                log.warning("the store refuses; the run is tried again", run=run, error=str(error))
                self.queue.later(run, self.clock.now() + int(STORE_RETRY * 1e6))
                return
            log.error("a run cannot be carried on", run=run, exc_info=error)
            await self._abandon(run, f"defect in remediator: {type(error).__name__}")

    async def _abandon(self, run: str, why: str) -> None:
        """End a run with people called. If not even that can be done it is tried, and said, again and again."""
        try:
            work = await self.carrier.written(lambda tx: abandon(tx, run, why, self.site, self.clock.now()))
        except Exception as error:
            log.critical("a run can neither be carried on nor ended; see what is in its rows", run=run, exc_info=error)
            self.queue.later(run, self.clock.now() + int(DEFECT_RETRY * 1e6))
            return
        if work is not None:
            self._note(work)

    async def _advance(self, run: str) -> None:
        fresh = self._fresh.pop(run, None)
        work = await self.store.do(lambda tx: begin(tx, run, self.site, self.slots, self.clock.now(), fresh))
        if work is None:
            self.queue.forget(run)
            return
        await self._carry(work)

    async def _carry(self, work: Work) -> None:
        """Perform, write, go forward; until the run waits or is over."""
        while True:
            self._note(work)
            if not (work.tasks or work.poll):  # what has been begun is finished, also while we stop
                return
            work = await self.carrier.on(work)

    def _note(self, work: Work) -> None:
        """Take over what a transaction decided: timers, wake-ups, the end."""
        run = work.run
        for made in work.made:
            self.take_up(made)
        if work.wake:
            self.wake(*work.wake)
        if work.told:
            self.on_told()
        if work.held:
            self._observer.held(work.held.guard, run.plan.rule)
            log.info("held", run=run.id, rule=run.plan.rule, target=run.plan.target, guard=work.held.guard,
                     reason=work.held.said, until=work.held.until)  # fmt: skip
        if work.refused:
            self._observer.refused(work.refused.guard, run.plan.rule)
        if work.finish:
            self._finished(work)
        elif work.full:
            self._wait_for_place(work)
        elif work.due is not None:
            self.queue.later(run.id, work.due)
            self._wakeup.set()

    def _wait_for_place(self, work: Work) -> None:
        """Have a run go on when there is a place for its step. Nobody else moves it: it need not be read again."""
        if len(self._fresh) < FRESH_KEPT:
            self._fresh[work.run.id] = work.run
        if work.wants:
            self.queue.blocked(work.run.id, work.full, work.wants)
            self._wakeup.set()  # a place may have become free while this was written
        else:
            self.wake(work.run.id)

    def _finished(self, work: Work) -> None:
        """One canonical line a run."""
        run, finish = work.run, work.finish
        assert finish is not None  # noqa: S101 -- the caller asked
        self.queue.forget(run.id)
        seconds = (self.clock.now() - run.created_at) / 1e6
        self._observer.finished(run, finish.status, seconds)
        log.info(
            "run finished", run=run.id, rule=run.plan.rule, guide=run.plan.guide, target=run.plan.target,
            alertname=run.plan.labels.get("alertname", ""), fingerprint=run.plan.fingerprint, mode=str(run.mode),
            status=str(finish.status), reason=finish.reason, steps=len(run.journal), duration_s=round(seconds, 4),
            failed_steps=[e.key for e in run.journal.values() if e.outcome is Outcome.FAILED],
        )  # fmt: skip
