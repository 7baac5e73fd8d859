"""Ends the daemon before and after its commits while budgets, a storm, an undo's timer and approvals are on their way."""

import asyncio
from pathlib import Path

import aiohttp
import bcrypt
import pytest
from crash.guarded import STORY, DiedError, Guarded, lay_out
from crash.nursery import Nursery, open_nursery
from crash.sink import open_sink

AT_ONCE = 2


async def tell(nursery: Nursery, story: Guarded, sink: str, hashed: str, deaths: tuple[str, ...]) -> int:
    """Tell the story with these deaths, one a life; return how many commits its last life made."""
    config, web = lay_out(story.root, sink, hashed)
    unsent = list(STORY)
    for death in (*deaths, ""):
        daemon = await nursery.start(config, story.root / "daemon.log", death, web)
        try:
            while unsent:
                await story.send(daemon, unsent[0])
                del unsent[0]
            await story.settle(daemon)
        except DiedError:
            await daemon.until("code")
            story.note_death()
            continue
        story.judge()
        await daemon.stop()
        return daemon.commits or 0
    raise AssertionError("the last life cannot die")


async def tell_all(root: Path, lives: list[tuple[str, ...]]) -> tuple[list[str], int]:
    """Tell the story with each of these deaths; return what went wrong, and how many commits the last one took."""
    gate = asyncio.Semaphore(AT_ONCE)
    hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    async with open_nursery() as nursery, open_sink() as sink, aiohttp.ClientSession() as session:

        async def one(deaths: tuple[str, ...]) -> tuple[list[str], int]:
            async with gate:
                name = "-".join(deaths).replace(":", "") or "undisturbed"
                story = Guarded(root / name, sink.books[name], session)
                commits = await tell(nursery, story, f"http://127.0.0.1:{sink.port}/{name}", hashed, deaths)
                return [f"died {' and '.join(deaths) or 'not'}: {what}" for what in story.wrong], commits

        told = await asyncio.gather(*(one(deaths) for deaths in lives))
    return [what for wrong, _ in told for what in wrong], told[-1][1]


async def test_some_commits(tmp_path: Path) -> None:
    """Some of them; the others are for ``make chaos``."""
    wrong, commits = await tell_all(tmp_path, [(), *((f"{'before' if n % 2 else 'after'}:{n}",) for n in range(3, 30, 8))])
    assert not wrong, "\n".join(wrong[:20])
    assert commits > 0


@pytest.mark.chaos
@pytest.mark.timeout(1800)
async def test_every_commit(tmp_path: Path) -> None:
    _, commits = await tell_all(tmp_path / "first", [()])
    lives = [(f"{side}:{n}",) for n in range(1, commits + 1) for side in ("before", "after")]
    lives += [(f"after:{n}", "before:3", "after:4") for n in range(2, commits, 4)]
    wrong, _ = await tell_all(tmp_path, lives)
    print(f"\n{commits} commits, {len(lives)} lives")
    assert not wrong, "\n".join(wrong[:20])
