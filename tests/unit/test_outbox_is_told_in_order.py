"""The real deliverer on a real store, with a reporter that does not always work."""

import asyncio

import pytest
from fakes.reports_desk import messages

from remediator.core.reporting import Message
from remediator.errors import PermanentError, TemporaryError


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


async def test_a_run_that_cannot_be_read_does_not_stop_the_rest(desk):
    await desk.happen("a", "b")
    await desk.store.do(lambda tx: tx.run("UPDATE run SET status = 'odd' WHERE id = ?", desk.runs["a"]))
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
