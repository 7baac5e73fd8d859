"""The real deliverer on a real store, with a reporter that does not always work."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from fakes.small_site import RULES, alert, table_of

from remediator.core.reporting import Message, Receipt, Telling
from remediator.engine.admit import Admitted, admit, propose
from remediator.engine.clock import SystemClock
from remediator.engine.deliver import Deliverer
from remediator.engine.limits import Slots
from remediator.engine.work import Site
from remediator.errors import PermanentError, TemporaryError
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


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    store = SqliteStore(tmp_path / "store.db")
    store.open()
    yield Desk(store, tmp_path)
    await store.close()


def messages(told: list[tuple[str, str, str]]) -> list[str]:
    return [who for who, telling, _ in told if telling == Telling.MESSAGE]


async def test_in_the_order_in_which_it_happened(desk):
    await desk.happen("c", "a", "b")
    async with desk.delivering():
        assert messages(await desk.all_told()) == ["Down-c", "Down-a", "Down-b"]


async def test_an_outage_holds_the_line_and_loses_nothing(desk):
    await desk.happen("a", "b")
    tries = 0

    async def down(_message: Message) -> None:
        nonlocal tries
        tries += 1
        if tries < 4:
            raise TemporaryError("away", retry_after=0.01)

    desk.tape.before = down
    async with desk.delivering() as deliverer:
        assert messages(await desk.all_told()) == ["Down-a", "Down-b"]
        assert deliverer.failing == ""
    assert tries == 3 + len(desk.tape.told)


@pytest.mark.parametrize("error", [PermanentError("never"), ZeroDivisionError("a defect of the reporter")])
async def test_what_is_refused_does_not_stop_the_rest(desk, error):
    await desk.happen("a", "b")

    async def refuse(message: Message) -> None:
        if message.run.plan.fingerprint == "Down-a":
            raise error

    desk.tape.before = refuse
    async with desk.delivering():
        assert messages(await desk.all_told()) == ["Down-b"]


async def test_a_run_that_changes_while_it_is_told_is_told_again(desk):
    await desk.happen("a", "b")
    seen: list[str] = []

    async def meanwhile(message: Message) -> None:
        seen.append(message.receipt.ts if message.receipt else "")
        if len(seen) == 1:
            await desk.change("a")

    desk.tape.before = meanwhile
    async with desk.delivering():
        told = messages(await desk.all_told())
    assert told == ["Down-a", "Down-a", "Down-b"]
    assert seen[:2] == ["", "1"]  # the second telling knows where the first one stands


async def test_a_change_is_told_though_what_was_before_it_was_refused(desk):
    await desk.happen("a")
    tries = 0

    async def refuse_the_first(_message: Message) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            await desk.change("a")
            raise PermanentError("never")

    desk.tape.before = refuse_the_first
    async with desk.delivering():
        async with asyncio.timeout(10):
            while not desk.tape.told:
                await asyncio.sleep(0.01)
        assert messages(await desk.all_told()) == ["Down-a"]


async def test_what_was_being_told_at_a_crash_is_told_after_it(desk):
    await desk.happen("a")
    began = asyncio.Event()

    async def hang(_message: Message) -> None:
        began.set()
        await asyncio.Event().wait()

    desk.tape.before = hang
    async with desk.delivering():
        async with asyncio.timeout(10):
            await began.wait()
    assert desk.tape.told == []
    assert await desk.untold()
    desk.tape.before = None
    async with desk.delivering():
        assert messages(await desk.all_told()) == ["Down-a"]


async def test_what_comes_later_is_told_without_being_waited_for(desk):
    async with desk.delivering() as deliverer:
        await asyncio.sleep(0.05)  # it sleeps now
        await desk.happen("a")
        deliverer.nudge()
        assert messages(await desk.all_told()) == ["Down-a"]
