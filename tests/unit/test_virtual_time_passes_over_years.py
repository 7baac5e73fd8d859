"""Seconds are told in floats, which lie the farther apart the later it is: time passes all the same."""

import asyncio

import pytest

from remediator.core.durations import SECOND
from remediator.rehearsal.virtual_time import VirtualClock, VirtualLoop

DAY = 86400.0


@pytest.mark.parametrize("days", [0, 97, 98, 200, 1000, 3650, 20_000])
def test_timers_come_at_their_microsecond(days):
    loop = VirtualLoop(most_turns=1000)
    clock = VirtualClock(loop, 0)
    came = []

    async def ticks():
        for number in range(50):
            await asyncio.sleep((0.0, 0.000_001, 0.1, 1 / 3, 15.0)[number % 5])
            came.append(clock.now())

    loop.run_to(days * DAY)
    task = loop.create_task(ticks())
    loop.call_later(0.0, lambda: came.append(clock.now()))
    loop.run_to(days * DAY + 1000)
    assert task.done()
    assert came == sorted(came)
    assert abs(came[-1] - int((days * DAY + 10 * (0.1 + 1 / 3 + 15.0)) * SECOND)) <= 100
    loop.close()


def test_an_instant_before_its_time_is_not_its_time():
    loop, came = VirtualLoop(), []
    for days in (0, 98, 1000, 3650):
        at = days * DAY + 300
        loop.call_at(at, lambda: came.append(loop.time()))
        loop.run_to(at - 0.000_001)
        assert not came
        loop.run_to(at)
        assert 0 <= came.pop() - at < 0.000_001
    loop.close()
