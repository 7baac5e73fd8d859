"""Ends the daemon before and after each of its commits, and holds what follows against the promises.

The story below is told once undisturbed, to learn how many commits it takes. Then it is told again
for each commit and (as ``chaos``) each side of it: there the process kills itself, a new one takes
over, what was not acknowledged is sent again, and when all is settled nothing may be lost, and
nothing finished may have happened twice.
"""

import asyncio
import random
from pathlib import Path

import aiohttp
import pytest
from crash.nursery import Nursery, open_nursery
from crash.sink import Sink, open_sink
from crash.story import DiedError, Story, alert, lay_out, notice

AT_ONCE = 2
EACH = 4  #: one story in so many goes on when nothing is left to do
SIDES = ("before", "after")
QUIET = 0.15  #: seconds in which a daemon with nothing to do has to do nothing

STORY = (
    notice(alert("Once", "a"), alert("Full", "b")),
    notice(alert("Once", "c", place="shared"), alert("Once", "d", place="shared")),  # one waits for the other's lock
    notice(alert("Waits", "e")),
    notice(alert("Once", "a"), alert("Full", "b"), alert("Observes", "f")),  # the whole group again, and one more
    notice(alert("Asks", "g", place="same"), alert("Asks", "h", place="same")),  # one joins the other
    notice(alert("Waits", "e", firing=False), alert("Twice", "i")),
    notice(*(alert("Nobody", f"n{n}") for n in range(70)), alert("Once", "j")),  # more than one chunk
)


Deaths = tuple[str, ...]


async def tell(
    nursery: Nursery, sink: Sink, session: aiohttp.ClientSession, root: Path, deaths: Deaths, *, goes_on: bool = True
) -> tuple[Story, int]:
    """Tell the story with these deaths, one a life; return it and how many commits its last full life made.

    ``goes_on``: start once more, whether something is left for people or not.
    """
    story = Story(root, sink.books[root.name], session)
    config = lay_out(root, f"http://127.0.0.1:{sink.port}/{root.name}")
    unsent = list(STORY)
    for death in (*deaths, ""):
        daemon = await nursery.start(config, story.log, death)
        try:
            while unsent:
                await story.send(daemon, unsent[0])
                del unsent[0]
            end = await story.settle(daemon)
        except DiedError:
            await daemon.until("code")
            if daemon.code != -9:
                story.wrong.append(f"the daemon ended by itself with {daemon.code}")
            story.note_death()
            continue
        story.judge(end)
        if await daemon.stop() not in (0, -9 if death else 0):  # its death may come as late as now
            story.wrong.append(f"SIGTERM ended it with {daemon.code}")
        if goes_on or end.unknown():
            await live_on(nursery, story, config)
        return story, daemon.commits or 0
    raise AssertionError("the last life cannot die")


async def live_on(nursery: Nursery, story: Story, config: Path) -> None:
    """Start once more: nothing is left to do, but what people settle frees what waited for it."""
    before, arrived = story.read(), story.book.counts()
    daemon = await nursery.start(config, story.log)
    await asyncio.sleep(QUIET)
    after = story.read()
    if after.essence() != before.essence() or story.book.counts() != arrived:
        story.wrong.append(f"a start with nothing to do did something: {before.essence()} -> {after.essence()}")
    await story.free(daemon)
    await daemon.stop()


async def tell_all(root: Path, lives: list[Deaths]) -> tuple[list[str], list[Story]]:
    """Tell the story with each of these deaths; return what went wrong, and the stories."""
    gate = asyncio.Semaphore(AT_ONCE)
    async with open_nursery() as nursery, open_sink() as sink, aiohttp.ClientSession() as session:

        async def one(number: int, deaths: Deaths) -> tuple[Deaths, Story]:
            async with gate:
                name = "-".join(deaths).replace(":", "") or "undisturbed"
                story, _ = await tell(nursery, sink, session, root / name, deaths, goes_on=number % EACH == 0)
                return deaths, story

        told = await asyncio.gather(*(one(number, deaths) for number, deaths in enumerate(lives)))
    wrong = [f"died {' and '.join(deaths)}: {what}" for deaths, story in told for what in story.wrong]
    return wrong, [story for _, story in told]


async def commits_of(root: Path) -> int:
    """Tell the story undisturbed and return how many commits it takes."""
    async with open_nursery() as nursery, open_sink() as sink, aiohttp.ClientSession() as session:
        story, commits = await tell(nursery, sink, session, root / "undisturbed", ())
    assert not story.wrong
    assert commits > 20
    return commits


def died(stories: list[Story]) -> int:
    return sum(len(story.in_flight) for story in stories)


def report(stories: list[Story], wrong: list[str]) -> None:
    """Print the count, and fail with what went wrong."""
    begun = sum(len(story.may_be_unknown) for story in stories)
    unknown = sum(step.outcome == "unknown" for story in stories for step in story.read().steps)
    print(f"\n{died(stories)} kills: {unknown} steps became unknown of {begun} in flight that must not be repeated")
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.timeout(900)  # what hangs is found by the limits of the nursery; a busy machine is slow
async def test_one_side_of_every_commit(tmp_path: Path) -> None:
    commits = await commits_of(tmp_path)
    lives: list[Deaths] = [(f"{SIDES[n % 2]}:{n}",) for n in range(1, commits + 1)]
    lives += [("before:9", "after:2"), ("after:14", "before:3", "after:6")]
    wrong, stories = await tell_all(tmp_path, lives)
    report(stories, wrong)
    assert died(stories) >= len(lives) * 0.8


@pytest.mark.chaos
@pytest.mark.timeout(900)
async def test_every_commit(tmp_path: Path) -> None:
    commits = await commits_of(tmp_path)
    lives: list[Deaths] = [(f"{side}:{n}",) for n in range(1, commits + 1) for side in SIDES]
    wrong, stories = await tell_all(tmp_path, lives)
    report(stories, wrong)
    assert died(stories) >= len(lives) * 0.9


@pytest.mark.chaos
@pytest.mark.timeout(900)
async def test_the_recovery_dies_too(tmp_path: Path) -> None:
    commits = await commits_of(tmp_path)
    chance = random.Random(7)
    lives: list[Deaths] = [
        (f"{chance.choice(SIDES)}:{chance.randint(1, commits)}",
         *(f"{chance.choice(SIDES)}:{chance.randint(1, 10)}" for _ in range(chance.randint(1, 3))))
        for _ in range(60)
    ]  # fmt: skip
    wrong, stories = await tell_all(tmp_path, lives)
    report(stories, wrong)
