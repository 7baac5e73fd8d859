"""A real store and a real deliverer, with a reporter that does not always work."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from fakes.small_site import RULES, alert, table_of

from remediator.core.reporting import Message, Receipt, Telling
from remediator.engine.admit import Admitted, admit, propose
from remediator.engine.clock import SystemClock
from remediator.engine.deliver import Deliverer
from remediator.engine.limits import Slots
from remediator.engine.work import Site
from remediator.store import outbox
from remediator.store.sqlite import SqliteStore

Failing = Callable[[Message], Awaitable[None]]


class Tape:
    """A reporter that keeps what it was told. ``before`` may fail, or take its time."""

    name = "tape"

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []
        self.before: Failing | None = None

    async def tell(self, message: Message) -> Receipt | None:
        if self.before is not None:
            await self.before(message)
        self.told.append((message.run.plan.fingerprint, message.telling, message.topic))
        return Receipt("C1", f"{len(self.told)}") if message.telling is Telling.MESSAGE else None


class Desk:
    """A store with runs, and a deliverer that can be started again."""

    def __init__(self, store: SqliteStore, folder: Path) -> None:
        self.store, self.tape = store, Tape()
        self._site = Site(table=table_of(RULES, folder), reporters=("tape",))
        self._slots, self._clock = Slots(100, 100), SystemClock()
        self.runs: dict[str, str] = {}

    async def happen(self, *services: str) -> None:
        """Let alerts come in, and each one's run have something to tell."""
        for service in services:
            found = alert(service)
            proposals = {found.fingerprint: propose(self._site.table, found)}

            def unit(tx, found=found, proposals=proposals):
                done = admit(tx, Admitted(), "n", (found,), proposals, self._site, self._slots, self._clock.now())
                return done.runs[0]

            self.runs[service] = await self.store.do(unit)
            await self.change(service)

    async def change(self, service: str) -> None:
        """Let a run say that it has changed."""
        run, now = self.runs[service], self._clock.now()
        await self.store.do(lambda tx: outbox.tell(tx, ("tape",), run, Telling.MESSAGE, "", now))

    async def say(self, service: str, telling: Telling, topic: str = "") -> None:
        """Let a run say something else."""
        run, now = self.runs[service], self._clock.now()
        await self.store.do(lambda tx: outbox.tell(tx, ("tape",), run, telling, topic, now))

    async def untold(self) -> int:
        return (await self.store.read(outbox.waiting)).get("tape", 0)

    @contextlib.asynccontextmanager
    async def delivering(self) -> AsyncIterator[Deliverer]:
        deliverer = Deliverer(self.store, self.tape, self._clock)
        task = asyncio.create_task(deliverer.deliver())
        try:
            yield deliverer
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def all_told(self) -> list[tuple[str, str, str]]:
        assert await self.untold() or self.tape.told
        async with asyncio.timeout(10):
            while await self.untold():
                await asyncio.sleep(0.01)
        return self.tape.told


def messages(told: list[tuple[str, str, str]]) -> list[str]:
    return [who for who, telling, _ in told if telling == Telling.MESSAGE]
