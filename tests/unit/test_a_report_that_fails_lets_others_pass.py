"""One run's report that nobody takes must not silence all that come after it: an outage ends, its cause may not."""

import asyncio

import pytest
from fakes.reports_desk import messages

from remediator.core.reporting import Message, Telling
from remediator.errors import TemporaryError
from remediator.store.outbox import PATIENCE

HOURS = 3_600_000_000


class Upset:
    """Upset by one run's text for so many tries."""

    def __init__(self, fingerprint: str, tries: int) -> None:
        self._fingerprint, self._tries = fingerprint, tries
        self.tried = 0

    async def __call__(self, message: Message) -> None:
        if message.run.plan.fingerprint == self._fingerprint and self.tried < self._tries:
            self.tried += 1
            raise TemporaryError("internal_error", retry_after=0.01)


async def others_are_told(desk, left):
    async with asyncio.timeout(10):
        while await desk.untold() > left:
            await asyncio.sleep(0.01)


async def put_off_again(desk):
    async with asyncio.timeout(10):
        while await desk.store.read(lambda tx: tx.one("SELECT max(attempts) FROM outbox")) != (PATIENCE + 1,):
            await asyncio.sleep(0.01)


async def time_passes(desk, deliverer):
    """What was put off is due."""
    await desk.store.do(lambda tx: tx.run("UPDATE outbox SET due_at = 0"))
    deliverer.nudge()


async def test_others_pass_it_and_it_is_told_in_the_end(desk):
    await desk.happen("a", "b", "c")
    desk.tape.before = upset = Upset("Down-a", PATIENCE + 1)
    async with desk.delivering() as deliverer:
        await others_are_told(desk, left=1)
        assert upset.tried == PATIENCE
        await time_passes(desk, deliverer)
        await put_off_again(desk)
        await time_passes(desk, deliverer)
        assert messages(await desk.all_told()) == ["Down-b", "Down-c", "Down-a"]


async def test_what_its_run_says_later_waits_for_it(desk):
    await desk.happen("a", "b")
    await desk.say("a", Telling.THREAD, "result")
    desk.tape.before = Upset("Down-a", PATIENCE)
    async with desk.delivering() as deliverer:
        await others_are_told(desk, left=2)
        await time_passes(desk, deliverer)
        told = await desk.all_told()
    assert [(who, telling) for who, telling, _ in told] == [
        ("Down-b", "message"), ("Down-a", "message"), ("Down-a", "thread"),
    ]  # fmt: skip


async def test_its_runs_call_for_people_does_not_wait(desk):
    await desk.happen("a", "b")
    await desk.say("a", Telling.ESCALATION)

    async def upset(message: Message) -> None:
        if message.run.plan.fingerprint == "Down-a" and message.telling is Telling.MESSAGE:
            raise TemporaryError("internal_error", retry_after=0.01)

    desk.tape.before = upset
    async with desk.delivering():
        await others_are_told(desk, left=1)
    assert [(who, telling) for who, telling, _ in desk.tape.told] == [("Down-b", "message"), ("Down-a", "escalation")]


@pytest.mark.parametrize("tries", [1_023, 1_024, 5_000_000_000])
async def test_no_number_of_tries_ends_the_delivery(desk, tries):
    await desk.happen("a", "b")
    await desk.store.do(lambda tx: tx.run("UPDATE outbox SET attempts = ? WHERE id = 1", tries))

    async def down(_message: Message) -> None:
        desk.tape.before = None
        raise TemporaryError("no connection", transport=True)

    desk.tape.before = down
    async with desk.delivering():
        async with asyncio.timeout(10):
            while not desk.tape.told:
                await asyncio.sleep(0.01)
    assert messages(desk.tape.told) == ["Down-b"]


@pytest.mark.parametrize("tries", [0, 1, PATIENCE])
async def test_a_clock_that_was_ahead_holds_nothing_up(desk, tries):
    await desk.happen("a", "b")
    ahead = 6 * HOURS
    await desk.store.do(
        lambda tx: tx.run("UPDATE outbox SET at = at + ?, due_at = due_at + ?, attempts = ?", ahead, ahead, tries)
    )
    async with desk.delivering():
        assert messages(await desk.all_told()) == ["Down-a", "Down-b"]
