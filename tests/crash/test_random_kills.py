"""Kills the daemon from outside, at any moment, under load, again and again on the same store."""

import asyncio
import os
import random
from pathlib import Path

import aiohttp
import pytest
from crash.nursery import Daemon, Nursery, open_nursery
from crash.sink import open_sink, slow
from crash.story import DiedError, Notice, Story, alert, lay_out, notice

KINDS = ("Once", "Once", "Full", "Full", "Twice", "Asks", "Observes", "Nobody")
STARTS_DYING = 0.1  #: share of the lives that end before anything was sent


def load(chance: random.Random, life: int, alerts: int) -> list[Notice]:
    """Return about so many alerts in groups of one to five; some share a target."""
    notices, n = [], 0
    while n < alerts:
        group = []
        for _ in range(chance.randint(1, 5)):
            n += 1
            place = f"shared-{life}-{chance.randint(1, 3)}" if chance.random() < 0.2 else ""
            group.append(alert(chance.choice(KINDS), f"{life}-{n}", place=place))
        notices.append(notice(*group))
        if chance.random() < 0.2:
            notices.append(notice(*group))  # the group again
        if chance.random() < 0.1:
            waits = f"{life}-waits-{n}"
            notices += [notice(alert("Waits", waits)), notice(alert("Waits", waits, firing=False))]
    return notices


async def live(daemon: Daemon, story: Story, unsent: list[Notice], ends: float) -> None:
    """Send, approve and settle as people do, until the kill comes."""

    async def send(lane: list[Notice]) -> None:
        while lane:
            await story.send(daemon, lane[0])
            unsent.remove(lane.pop(0))

    async def people() -> None:
        while True:
            await story.approve(daemon)
            await story.settle_unknown(daemon)
            await asyncio.sleep(0.1)

    async def kill() -> None:
        await asyncio.sleep(ends)
        daemon.kill()

    # A firing notice and its "resolved" stay in one lane: Alertmanager keeps their order, too.
    lanes: list[list[Notice]] = [[], []]
    for sent in unsent:
        lanes[any("waits" in a["fingerprint"] for a in sent.alerts)].append(sent)
    tasks = [asyncio.create_task(work) for work in (send(lanes[0]), send(lanes[1]), people(), kill())]
    await asyncio.gather(*tasks[:2], tasks[3], return_exceptions=True)
    tasks[2].cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if ended is not None and not isinstance(ended, (DiedError, asyncio.CancelledError)):
            raise ended
    await daemon.until("code")


async def kill_often(
    root: Path, nursery: Nursery, kills: int, seed: int, *, alerts: int = 30, console: str = "on"
) -> Story:
    """Return the story of so many lives on one store, with so many new alerts in each."""
    chance = random.Random(seed)
    async with open_sink() as sink, aiohttp.ClientSession() as session:
        book = sink.books["load"]
        book.delay = slow(seed, 0.02)
        config = lay_out(root, f"http://127.0.0.1:{sink.port}/load", console=console)
        story = Story(root, book, session)
        unsent: list[Notice] = []
        for life in range(kills):
            unsent += load(chance, life, alerts)
            daemon = await nursery.start(config, story.log)
            ends = 0.0 if chance.random() < STARTS_DYING else chance.uniform(0.0, 0.6)
            await live(daemon, story, unsent, ends)
            if daemon.code != -9:
                story.wrong.append(f"life {life} ended by itself with {daemon.code}")
            story.note_life()
            story.note_death()
        daemon = await nursery.start(config, story.log)
        while unsent:
            await story.send(daemon, unsent.pop(0))
        story.judge(await story.settle(daemon, limit=60.0))
        await story.free(daemon, limit=60.0)
        await daemon.stop()
    return story


def report(story: Story) -> None:
    end = story.read()
    steps = [step for step in end.steps if step.outcome == "unknown"]
    begun = len(story.may_be_unknown)
    print(
        f"\n{len(story.in_flight)} kills, {len(end.runs)} runs of {len(end.fingerprints)} alerts, "
        f"{sum(story.book.counts().values())} effects: {len(steps)} steps became unknown of {begun} "
        f"that were in flight at a kill and must not be repeated (at most {max(story.in_flight)} at one kill)"
    )
    assert not story.wrong, "\n".join(story.wrong[:20])
    assert len(steps) <= begun
    assert len(story.acknowledged) > len(story.in_flight)


@pytest.mark.timeout(240)
async def test_ten_kills(tmp_path: Path) -> None:
    async with open_nursery() as nursery:
        report(await kill_often(tmp_path, nursery, 10, seed=1, alerts=15))


@pytest.mark.chaos
@pytest.mark.timeout(1800)
async def test_two_hundred_kills(tmp_path: Path) -> None:
    seed = int(os.environ.get("CRASH_SEED", "2"))
    async with open_nursery() as nursery:
        # Without reports, for ten thousands of them would only take time.
        report(await kill_often(tmp_path, nursery, 200, seed, console="off"))
