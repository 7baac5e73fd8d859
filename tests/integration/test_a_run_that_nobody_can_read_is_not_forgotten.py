"""A run whose rows cannot be read can neither go on nor be ended: that is said, and tried, again and again."""

import asyncio
from pathlib import Path

import pytest
import structlog
from fakes.small_site import RULES, alert, table_of
from msgspec.structs import replace

from remediator.actions.context import Clients
from remediator.core.alert import Notification
from remediator.core.transitions import Mode
from remediator.engine.advance import DEFECT_RETRY, Engine
from remediator.engine.limits import Slots
from remediator.engine.path import Path as AlertPath
from remediator.interfaces.metrics import Metrics
from remediator.store.sqlite import SqliteStore


class Hand:
    """A clock that is set by hand."""

    def __init__(self):
        self.at = 1_700_000_000_000_000

    def now(self):
        return self.at


@pytest.fixture
async def store(tmp_path):
    store = SqliteStore(Path(tmp_path / "store.db"))
    store.open()
    yield store
    await store.close()


async def test_it_is_tried_again(store, tmp_path):
    clock = Hand()
    engine = Engine(store, clock, Slots(1, 1), Metrics(), session=None, clients=Clients(), connections={})
    engine.site = replace(engine.site, table=table_of(RULES, tmp_path), max_mode=Mode.OBSERVE)
    path = AlertPath(store, engine, clock, Metrics(), backlog=10)
    engine.slots.take("another", ("http/x",))
    (run,) = (await path.receive(Notification("remediator", "{}", (alert("api"),), body=b"{}"))).runs
    await store.do(lambda tx: tx.run("UPDATE run SET status = 'odd'"))
    engine.slots.release("another")

    async def said(times):
        async with asyncio.timeout(10):
            while len([line for line in lines if line["log_level"] == "critical" and line["run"] == run]) < times:
                await asyncio.sleep(0.01)

    with structlog.testing.capture_logs() as lines:
        dispatching = asyncio.create_task(engine.dispatch())
        try:
            await said(1)
            clock.at += int(DEFECT_RETRY * 1e6) + 1
            engine.wake()
            await said(2)
            assert engine.queue.next_due() is not None or not engine.idle()
        finally:
            dispatching.cancel()
            await asyncio.gather(dispatching, return_exceptions=True)
