"""A world of virtual time: the daemon's own parts, with nothing behind them that could be changed.

Its methods are synchronous: the world has an event loop of its own, and runs it.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from msgspec.structs import replace
from pydantic import BaseModel

from remediator.actions import registry
from remediator.actions.context import Clients
from remediator.app.site import envelope_of, site_of
from remediator.core.alert import Alert, Notification
from remediator.core.durations import SECOND
from remediator.core.reporting import Message, Receipt
from remediator.core.rules import RuleTable
from remediator.core.run import RunState
from remediator.core.undo_part import EVERYTHING, UndoPart
from remediator.engine.advance import Engine
from remediator.engine.clock import new_id, seed_ids
from remediator.engine.confirm import Confirm
from remediator.engine.deliver import Deliverer
from remediator.engine.limits import Slots
from remediator.engine.path import Accepted
from remediator.engine.path import Path as AlertPath
from remediator.engine.perform import Result
from remediator.engine.upkeep import DUTIES
from remediator.engine.work import StandIn
from remediator.errors import RemediatorError
from remediator.rehearsal.history import Story, make_rows, open_runs, stories
from remediator.rehearsal.virtual_time import VirtualClock, VirtualLoop
from remediator.settings import Settings
from remediator.store import audit, undo
from remediator.store.sqlite import SqliteStore, Tx

T = TypeVar("T")

START = 1_767_571_200 * SECOND  #: Monday, 2026-01-05 00:00 UTC
LOOK_EVERY = 60 * SECOND  #: how often ``run_until_quiet`` looks whether all is over


class World:
    """A rule table, settings, virtual time, and a stand-in for every backend.

    ``start`` is in microseconds since 1970. ``seed`` decides ids and jitter: the same world twice does
    the same twice. ``ask`` says whether an alert still fires; without it the last notification counts.
    ``rows``: of ``history.make_rows``; whoever made them closes them. A second world on the rows of one
    that was closed is the daemon after a restart.
    """

    def __init__(
        self, table: RuleTable, settings: Settings, *, stand_in: StandIn, start: int = START, seed: int = 1,
        connections: Mapping[str, Mapping[str, Any]] | None = None, ask: Confirm | None = None,
        rows: sqlite3.Connection | None = None, on_step: Callable[[float], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self.start = start
        self._own_rows = rows is None
        self._jitter = random.getstate()
        random.seed(seed)
        seed_ids(seed)
        self._loop = VirtualLoop(on_step=on_step)
        self.clock = VirtualClock(self._loop, start)
        self._rows = make_rows() if rows is None else rows
        self._store = SqliteStore(Path(":memory:"), memory=self._rows)
        self._store.open()
        self.reporter = Recorder()
        deliverer = Deliverer(self._store, self.reporter, self.clock)
        limits = settings.limits
        self.engine = Engine(
            self._store, self.clock, Slots(limits.steps_in_flight, limits.steps_per_backend, limits.backends),
            _Nobody(), session=None, clients=Clients(), connections=Assumed(connections or {}), ask=ask,
            on_told=deliverer.nudge, stand_in=stand_in,
        )  # fmt: skip
        self._confirms = ask is not None
        self.use(table, settings)
        self._path = AlertPath(self._store, self.engine, self.clock, _Nobody(), backlog=limits.backlog)
        self._parts = [self._loop.create_task(part) for part in (self.engine.dispatch(), deliverer.deliver())]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def use(self, table: RuleTable, settings: Settings) -> None:
        """Let this rule table and these settings bind from now on, as a reload does."""
        site = site_of(settings, envelope_of(settings, {}, {}), (self.reporter.name,))
        self.engine.site = replace(site, table=table, confirms=self._confirms)

    def post(self, alerts: Sequence[Alert]) -> Accepted:
        """Post a notification; return when all that it starts at this instant has been done."""
        return self._done(self._path.receive(Notification("rehearsal", "{}", tuple(alerts))))

    def change(self, unit: Callable[[Tx], list[str]]) -> None:
        """Do what a person does (``store.control``); the runs that it returns are looked at. Raises what it raises."""
        self.engine.wake(*self._done(self._do(unit)))
        self.run_until(self.clock.now())

    def take_back(self, run: str, who: str, reason: str, part: UndoPart = EVERYTHING) -> None:
        """Have a run taken back, as a person does (``remediator runs undo``).

        Raise ConflictError when it cannot be, NotFoundError when there is no such part.
        """
        now = self.clock.now()

        def unit(tx: Tx) -> tuple[undo.Made, ...]:
            made = undo.asked_for(tx, run, who, reason, now, new_id, part)
            audit.append(tx, who, "undo", run, f"by run {made[0].run}: {reason}", now)
            return made

        for one in self._done(self._do(unit)):
            self.engine.take_up(one)
        self.run_until(now)

    def upkeep(self) -> None:
        """Do what the daemon does every few seconds (``engine.upkeep``); what is old is not deleted."""
        for duty in DUTIES:
            self._done(duty(self._store, self.engine, self.clock.now()))
        self.run_until(self.clock.now())

    def read(self, unit: Callable[[Tx], T]) -> T:
        """Return what a reading unit returns."""
        return self._done(self._store.read(unit))

    def run_until(self, at: int) -> None:
        """Let time pass until then (microseconds since 1970), and do all that falls due, that instant included."""
        self._loop.run_to((at - self.start) / SECOND)
        for part in self._parts:
            if part.done():
                part.result()
                raise RemediatorError("a part of the rehearsed daemon ended")

    def run_until_quiet(self, latest: int) -> None:
        """Let time pass until every run is over, and no longer than that."""
        self.run_until(self.clock.now())
        while self.clock.now() < latest and self.read(open_runs):
            self.run_until(min(self.clock.now() + LOOK_EVERY, latest))

    def runs(self) -> tuple[Story, ...]:
        """Return what became of every run, and what was refused one; also when time does not pass any more."""
        return stories(Tx(self._rows))

    def close(self) -> None:
        """End everything that waits. What is random is random again, whatever went wrong."""
        try:
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.run_to(self._loop.time())
            self._done(self._store.close())
        finally:
            self._loop.close()
            if self._own_rows:
                self._rows.close()
            random.setstate(self._jitter)
            seed_ids(None)

    async def _do(self, unit: Callable[[Tx], T]) -> T:
        return await self._store.do(unit)

    def _done(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what comes of this at this instant, with all that follows from it at this instant."""
        task = self._loop.create_task(work)
        self._loop.run_to(self._loop.time())
        if not task.done():
            task.cancel()
            raise RemediatorError("the rehearsed store does not answer at once; this is a defect")
        return task.result()


class Recorder:
    """A reporter that keeps what it is told, and tells nobody."""

    name = "rehearsal"

    def __init__(self) -> None:
        self.told: list[Message] = []

    async def tell(self, message: Message) -> Receipt | None:
        """Keep it."""
        self.told.append(message)
        return Receipt("rehearsal", str(len(self.told)))


class Assumed(Mapping[str, Mapping[str, Any]]):
    """Connections: those given; any other has its system's defaults, for nothing is sent to it."""

    def __init__(self, given: Mapping[str, Mapping[str, Any]]) -> None:
        self._given = given

    def __getitem__(self, system: str) -> Mapping[str, Any]:
        return _AnyName(self._given.get(system, {}), registry.connection_model(system))

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)


class _AnyName(Mapping[str, Any]):
    """The connections of one system."""

    def __init__(self, given: Mapping[str, Any], model: type[BaseModel] | None) -> None:
        self._given, self._model = given, model

    def __getitem__(self, name: str) -> Any:
        if name not in self._given and self._model is not None:
            return self._model.model_construct()
        return self._given[name]

    def __contains__(self, name: object) -> bool:
        return name in self._given or self._model is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)


class _Nobody:
    """Counts nothing."""

    def step(self, result: Result, seconds: float) -> None:
        """See ``engine.advance.Observer``."""

    def finished(self, run: RunState, status: str, seconds: float) -> None:
        """See ``engine.advance.Observer``."""

    def held(self, guard: str, rule: str) -> None:
        """See ``engine.advance.Observer``."""

    def refused(self, guard: str, rule: str) -> None:
        """See ``engine.advance.Observer``."""

    def decided(self, verdict: str, rule: str, count: int) -> None:
        """See ``engine.path.Counts``."""
