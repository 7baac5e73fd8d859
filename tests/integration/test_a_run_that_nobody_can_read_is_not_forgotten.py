"""A run whose rows cannot be read can neither go on nor be ended: that is tried, and said, again and again."""

import asyncio

from fakes.small_site import RULES, alert, table_of
from msgspec.structs import replace

from remediator.actions.context import Clients
from remediator.core.alert import Notification
from remediator.core.transitions import Mode
from remediator.engine.advance import DEFECT_RETRY, Engine
from remediator.engine.limits import Slots
from remediator.engine.path import Path as AlertPath
from remediator.interfaces.metrics import Metrics


class Hand:
    """A clock that is set by hand."""

    def __init__(self):
        self.at = 1_700_000_000_000_000

    def now(self):
        return self.at


async def test_it_is_tried_again(store, tmp_path):
    clock = Hand()
    engine = Engine(store, clock, Slots(1, 1), Metrics(), session=None, clients=Clients(), connections={})
    engine.site = replace(engine.site, table=table_of(RULES, tmp_path), max_mode=Mode.OBSERVE)
    path = AlertPath(store, engine, clock, Metrics(), backlog=10)
    engine.slots.take("another", ("http/x",))
    await path.receive(Notification("remediator", "{}", (alert("api"),), body=b"{}"))
    await store.do(lambda tx: tx.run("UPDATE run SET status = 'odd'"))
    engine.slots.release("another")

    async def put_off():
        async with asyncio.timeout(10):
            while engine.queue.next_due() != clock.at + int(DEFECT_RETRY * 1e6):
                await asyncio.sleep(0.01)

    dispatching = asyncio.create_task(engine.dispatch())
    try:
        for _ in range(3):
            await put_off()
            clock.at += int(DEFECT_RETRY * 1e6) + 1
            engine.wake()
    finally:
        dispatching.cancel()
        await asyncio.gather(dispatching, return_exceptions=True)
