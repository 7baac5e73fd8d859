"""Between two tries of a change everything may have changed: a cancel, a pause or a store that cannot be asked ends it."""

import asyncio

import pytest
from fakes.small_site import RULES, alert, table_of
from msgspec.structs import replace

from remediator.actions.context import Clients
from remediator.core.alert import Notification
from remediator.core.guards import Envelope
from remediator.core.transitions import Mode
from remediator.engine.advance import Engine
from remediator.engine.clock import SystemClock
from remediator.engine.limits import Slots
from remediator.engine.path import Path as AlertPath
from remediator.errors import StoreError, TemporaryError
from remediator.interfaces.metrics import Metrics
from remediator.store import control
from remediator.store.sqlite import SqliteStore

TEXT = RULES.replace("method: POST}", "method: PUT}\n            attempts: 3")


class Rows(SqliteStore):
    """A store that cannot be read when it is told so."""

    unreadable = False

    async def read(self, unit):
        if self.unreadable:
            raise StoreError("cannot read it: disk I/O error")
        return await super().read(unit)


class Here:
    """An engine with one service that is busy; ``meanwhile`` happens while it is asked for the first time."""

    def __init__(self, store, folder, meanwhile):
        self.store, self.clock, self.tries, self.meanwhile = store, SystemClock(), 0, meanwhile
        metrics = Metrics()
        self.engine = Engine(
            store, self.clock, Slots(1, 1), metrics, session=None, clients=Clients(), connections={}, stand_in=self.stand_in
        )
        self.engine.site = replace(
            self.engine.site, table=table_of(TEXT, folder), max_mode=Mode.AUTO, envelope=Envelope(("host/**",))
        )
        self.path = AlertPath(store, self.engine, self.clock, metrics, backlog=10)

    def stand_in(self, _run, task):
        return replace(task, action=replace(task.action, perform=self.perform))

    async def perform(self, _parameters, context):
        self.tries += 1
        if self.tries == 1:
            await self.meanwhile(self, context.run)
        raise TemporaryError("busy", retry_after=0.0)

    async def error(self):
        """Let an alert come; return what its change came to."""
        accepted = await self.path.receive(Notification("remediator", "{}", (alert("api"),), body=b"{}"))
        async with asyncio.timeout(10):
            while not self.engine.idle():
                await asyncio.sleep(0.005)
        self.store.unreadable = False
        (step,) = await self.store.read(lambda tx: tx.all("SELECT outcome, error FROM step WHERE run = ?", *accepted.runs))
        await self.engine.stop(5)
        return step


@pytest.fixture
async def store(tmp_path):
    store = Rows(tmp_path / "store.db")
    store.open()
    yield store
    await store.close()


async def nothing(_here, _run):
    pass


async def cancelled(here, run):
    await here.store.do(lambda tx: control.cancel(tx, run, "ann", "wrong one", here.clock.now()))


async def paused(here, run):
    await here.store.do(lambda tx: control.pause_run(tx, run, "ann", "wait", here.clock.now()))


async def all_paused(here, _run):
    await here.store.do(lambda tx: control.pause(tx, "global", "ann", "a freeze", None, here.clock.now()))


async def forbidden(here, _run):
    here.engine.site = replace(here.engine.site, envelope=Envelope(()))


async def unreadable(here, _run):
    here.store.unreadable = True


async def test_it_is_while_nothing_speaks_against_it(store, tmp_path):
    here = Here(store, tmp_path, nothing)
    assert await here.error() == ("failed", "busy")
    assert here.tries == 3


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        (cancelled, "cancelled by ann: wrong one"),
        (paused, "paused by ann: wait"),
        (all_paused, "global is paused by ann: a freeze"),
        (forbidden, "host/api"),
        (unreadable, "nobody could tell whether it still may: cannot read it: disk I/O error"),
    ],
)
async def test_it_is_not(store, tmp_path, meanwhile, why):
    here = Here(store, tmp_path, meanwhile)
    outcome, error = await here.error()
    assert (outcome, here.tries) == ("failed", 1)
    assert error.startswith("busy; not tried again: ")
    assert why in error
