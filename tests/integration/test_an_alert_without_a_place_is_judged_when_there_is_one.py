"""While every place for a step is taken an alert is stored and waits; its guards speak when a place is free."""

import asyncio

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
from remediator.interfaces.metrics import Metrics


async def test_it_is_queued_until_then(store, tmp_path):
    metrics, clock, slots = Metrics(), SystemClock(), Slots(1, 1)
    engine = Engine(store, clock, slots, metrics, session=None, clients=Clients(), connections={})
    nowhere = Envelope(targets=("host/elsewhere",))  # its guards will refuse it
    engine.site = replace(engine.site, table=table_of(RULES, tmp_path), max_mode=Mode.AUTO, envelope=nowhere)
    path = AlertPath(store, engine, clock, metrics, backlog=10)

    async def status():
        return await store.read(lambda tx: tx.all("SELECT status FROM run"))

    slots.take("another", ("http/x",))
    await path.receive(Notification("remediator", "{}", (alert("api"),), body=b"{}"))
    assert await status() == [("queued",)]
    dispatching = asyncio.create_task(engine.dispatch())
    try:
        await asyncio.sleep(0.05)
        assert await status() == [("queued",)]
        slots.release("another")
        engine.wake()
        async with asyncio.timeout(10):
            while await status() != [("refused",)]:
                await asyncio.sleep(0.01)
    finally:
        dispatching.cancel()
        await asyncio.gather(dispatching, return_exceptions=True)
