"""People are needed: a call that is refused (a token has run out) is tried for half an hour before it is given up."""

import asyncio

import pytest

from remediator.core.reporting import Message, Telling
from remediator.engine.deliver import ESCALATION_TRIES, LONGEST_WAIT
from remediator.errors import PermanentError


class Refuses:
    """Refuses calls for people, so many times."""

    def __init__(self, times: int) -> None:
        self.times, self.tried = times, 0

    async def __call__(self, message: Message) -> None:
        if message.telling is Telling.ESCALATION:
            self.tried += 1
            if self.tried <= self.times:
                raise PermanentError("Slack: token_expired")


async def until(done):
    async with asyncio.timeout(10):
        while not await done():
            await asyncio.sleep(0.002)


async def time_passes(desk, deliverer, refuses):
    """It is put off until then; then it is due, and tried again unless it was given up."""
    tries = refuses.tried

    async def put_off():
        found = await desk.store.read(lambda tx: tx.one("SELECT attempts FROM outbox WHERE telling = 'escalation'"))
        return found is None or found[0] == tries

    async def tried():
        return refuses.tried > tries

    await until(put_off)
    if await desk.untold():
        await desk.store.do(lambda tx: tx.run("UPDATE outbox SET due_at = 0"))
        deliverer.nudge()
        await until(tried)


def calls(desk):
    return [who for who, telling, _ in desk.tape.told if telling == Telling.ESCALATION]


@pytest.mark.parametrize("refused", [1, ESCALATION_TRIES])
async def test_it_is_told_when_the_reason_is_gone(desk, refused):
    await desk.happen("a")
    await desk.say("a", Telling.ESCALATION)
    desk.tape.before = refuses = Refuses(refused)
    async with desk.delivering() as deliverer:
        await until(lambda: _came(refuses.tried >= 1))
        for _ in range(refused):
            assert calls(desk) == []
            await time_passes(desk, deliverer, refuses)
        await desk.all_told()
        assert deliverer.failing == ""
    assert calls(desk) == ["Down-a"]


async def _came(value):
    return value


async def test_it_is_given_up_in_the_end(desk):
    await desk.happen("a")
    await desk.say("a", Telling.ESCALATION)
    desk.tape.before = refuses = Refuses(1000)
    async with desk.delivering() as deliverer:
        await until(lambda: _came(refuses.tried >= 1))
        for _ in range(ESCALATION_TRIES):
            assert await desk.untold() >= 1
            assert deliverer.failing == "Slack: token_expired"
            await time_passes(desk, deliverer, refuses)
        await desk.all_told()
    assert (refuses.tried, calls(desk)) == (ESCALATION_TRIES + 1, [])


async def test_it_is_left_alone_between_two_tries(desk):
    await desk.happen("a")
    await desk.say("a", Telling.ESCALATION)
    desk.tape.before = refuses = Refuses(1000)
    async with desk.delivering() as deliverer:
        await until(lambda: _came(refuses.tried >= 1))

        async def put_off():
            return (await desk.store.read(lambda tx: tx.one("SELECT max(attempts) FROM outbox")))[0] == 1

        await until(put_off)
        for _ in range(20):
            deliverer.nudge()
            await asyncio.sleep(0)
        due, began = await desk.store.read(lambda tx: tx.one("SELECT due_at, at FROM outbox WHERE telling = 'escalation'"))
        assert refuses.tried == 1
        assert (due - began) / 1e6 >= LONGEST_WAIT


async def test_what_is_no_call_for_people_is_given_up_at_once(desk):
    await desk.happen("a")
    tries = 0

    async def refuse(_message: Message) -> None:
        nonlocal tries
        tries += 1
        raise PermanentError("Slack: token_expired")

    desk.tape.before = refuse
    async with desk.delivering():
        await until(lambda: _is_empty(desk))
    assert (tries, desk.tape.told) == (1, [])


async def _is_empty(desk):
    return not await desk.untold()


def test_it_is_half_an_hour():
    assert ESCALATION_TRIES * LONGEST_WAIT >= 1800
