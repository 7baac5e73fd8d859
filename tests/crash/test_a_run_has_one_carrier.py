"""A timer that was set for an earlier wait fires while the run's step is under way: nobody touches the run."""

import asyncio
from pathlib import Path

import aiohttp
from crash.nursery import open_nursery
from crash.sink import open_sink
from crash.story import Story, alert, lay_out, notice


async def test_an_old_timer_does_not_disturb_a_step_in_flight(tmp_path: Path) -> None:
    async with open_nursery() as nursery, open_sink() as sink, aiohttp.ClientSession() as session:
        book = sink.books["timer"]
        config = lay_out(tmp_path, f"http://127.0.0.1:{sink.port}/timer", limits="  hold_max: 1s\n")
        story = Story(tmp_path, book, session)
        daemon = await nursery.start(config, story.log)

        first = book.gate = asyncio.Event()
        await story.send(daemon, notice(alert("Once", "first", place="shared")))
        await asyncio.sleep(0.2)
        await story.send(daemon, notice(alert("Once", "second", place="shared")))  # held, until 1s have passed
        await asyncio.sleep(0.2)
        second = book.gate = asyncio.Event()
        first.set()  # the lock is free: the second one begins, and its step takes longer than that timer
        await asyncio.sleep(1.2)
        assert book.posted("second") == 1
        assert sorted(run.status for run in story.read().runs.values()) == ["acting", "unverified"]
        second.set()

        end = await story.settle(daemon)
        assert [run.status for run in end.runs.values()] == ["unverified", "unverified"]
        assert (book.posted("first"), book.posted("second")) == (1, 1)
        await daemon.stop()
