"""What one duty of the upkeep comes upon must not end the daemon, start after start."""

import asyncio

from remediator.actions.context import Clients
from remediator.engine.advance import Engine
from remediator.engine.clock import SystemClock
from remediator.engine.limits import Slots
from remediator.engine.set_back import SetBack
from remediator.engine.upkeep import Kept, upkeep
from remediator.interfaces.metrics import Metrics
from remediator.store.sqlite import SqliteStore


async def test_it_goes_on(tmp_path):
    store, clock = SqliteStore(tmp_path / "store.db"), SystemClock()
    store.open()
    engine = Engine(store, clock, Slots(1, 1), Metrics(), session=None, clients=Clients(), connections={})
    await store.do(
        lambda tx: tx.run(
            "INSERT INTO storm (scope, since, until, episodes, evidence) VALUES ('everything', 'odd', 1, 0, '')"
        )
    )
    task = asyncio.create_task(upkeep(store, engine, clock, Kept(1.0, 1), SetBack()))
    try:
        async with asyncio.timeout(10):
            while store.units < 4:  # the storm's end is the last duty
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.close()
