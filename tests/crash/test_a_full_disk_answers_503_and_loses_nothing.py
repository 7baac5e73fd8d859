"""A real full disk under the real daemon: once by a limit on the size of its files, once on a small tmpfs."""

import asyncio
import contextlib
import json
import resource
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from crash.ledger import Ledger
from crash.nursery import SCRIPT, Daemon, open_nursery
from crash.sink import open_sink
from crash.story import DiedError, Story, alert, lay_out, notice


class FileLimit:
    """No file of the process can grow, as on a full disk. Needs no rights; SQLite sees EFBIG."""

    def __init__(self, daemon: Daemon) -> None:
        self._pid = daemon.pid

    def fill(self) -> None:
        _, most = resource.prlimit(self._pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (0, most))

    def empty(self) -> None:
        _, most = resource.prlimit(self._pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (most, most))


class SmallDisk:
    """A file takes all that is left of a tmpfs. SQLite sees ENOSPC."""

    def __init__(self, mount: Path) -> None:
        self._filler = mount / "filler"

    def fill(self) -> None:
        with contextlib.suppress(OSError), self._filler.open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))

    def empty(self) -> None:
        self._filler.unlink()


@dataclass
class FarStory(Story):
    """A story whose store only its daemon has in its tree: a copy is read."""

    seen: Path = field(kw_only=True)

    def read(self) -> Ledger:
        for name in ("store.db", "store.db-wal"):
            shutil.copyfile(self.seen / name, self.root / name)
        return super().read()


async def stored(story: Story, daemon: Daemon, name: str) -> int:
    """Send one alert and return the answer's code."""
    body = {"alerts": list(notice(alert("Once", name)).alerts)}
    status, answer = await story.call(daemon, "POST", "/api/v1/alertmanager", body)
    if status == 202:
        story.acknowledged[answer["notification"]] = notice(alert("Once", name))
    return status


async def until_stored(story: Story, daemon: Daemon, name: str) -> None:
    """Send one alert again and again, as Alertmanager does."""
    async with asyncio.timeout(10):
        while await stored(story, daemon, name) != 202:
            await asyncio.sleep(0.1)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.02)


async def full_disk_is_survived(story: Story, daemon: Daemon, disk: FileLimit | SmallDisk, *, killed: bool) -> None:
    """Fill the disk while a step is in flight; make room again (or kill the daemon first)."""
    gate = story.book.gate = asyncio.Event()
    assert await stored(story, daemon, "before") == 202
    await until(lambda: story.book.posted("before") == 1)
    disk.fill()
    gate.set()  # the step comes back, and its outcome cannot be written
    for n in range(12):
        assert await stored(story, daemon, f"during-{n}") == 503
        await asyncio.sleep(0.1)
    status, health = await story.call(daemon, "GET", "/health")
    assert (status, health["status"]) == (200, "degraded")
    assert not health["checks"]["store"]["ok"]
    assert health["checks"]["store"]["detail"]
    async with story.session.get(daemon.url + "/-/ready") as ready:
        assert ready.status == 503
    async with story.session.get(daemon.url + "/-/healthy") as alive:
        assert alive.status == 200
    if killed:
        daemon.kill()
        return
    disk.empty()
    await until_stored(story, daemon, "during-0")
    await works_again(story, daemon, {"before": "unverified", "during-0": "unverified"})


async def works_again(story: Story, daemon: Daemon, expected: dict[str, str]) -> None:
    """What was acknowledged is over, each step happened once, and nothing else happened."""
    end = await story.settle(daemon)
    assert story.wrong == []
    assert {who: end.runs[run].status for who, _, run in end.decisions} == expected
    assert {who: story.book.posted(who) for who in expected} == dict.fromkeys(expected, 1)
    assert len(story.book.arrivals) == len(expected)
    assert set(story.acknowledged) == set(end.notifications)
    status, health = await story.call(daemon, "GET", "/health")
    assert (status, health["status"]) == (200, "healthy")


@contextlib.asynccontextmanager
async def a_story(root: Path) -> AsyncIterator[Story]:
    async with open_sink() as sink, aiohttp.ClientSession() as session:
        lay_out(root, f"http://127.0.0.1:{sink.port}/disk")
        yield Story(root, sink.books["disk"], session)


async def test_no_file_can_grow(tmp_path: Path) -> None:
    async with open_nursery() as nursery, a_story(tmp_path) as story:
        daemon = await nursery.start(tmp_path / "remediator.yml", Path("/dev/null"))
        await full_disk_is_survived(story, daemon, FileLimit(daemon), killed=False)
        assert await daemon.stop() == 0


async def test_the_log_is_on_the_full_disk_too(tmp_path: Path) -> None:
    async with open_nursery() as nursery, a_story(tmp_path) as story:
        daemon = await nursery.start(tmp_path / "remediator.yml", story.log)
        await full_disk_is_survived(story, daemon, FileLimit(daemon), killed=False)
        assert await daemon.stop() == 0


async def test_killed_while_the_disk_is_full(tmp_path: Path) -> None:
    async with open_nursery() as nursery, a_story(tmp_path) as story:
        daemon = await nursery.start(tmp_path / "remediator.yml", Path("/dev/null"))
        await full_disk_is_survived(story, daemon, FileLimit(daemon), killed=True)
        await daemon.until("code")
        daemon = await nursery.start(tmp_path / "remediator.yml", Path("/dev/null"))
        await until_stored(story, daemon, "during-0")
        # The step's outcome was lost with the process: nobody can tell, and it is not repeated.
        await works_again(story, daemon, {"before": "unknown", "during-0": "unverified"})
        await daemon.stop()


def may_mount() -> bool:
    """Whether this user may make a mount of its own."""
    tried = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    return tried.returncode == 0


@pytest.mark.skipif(not may_mount(), reason="this user may not mount a tmpfs of its own (unshare -rm)")
async def test_no_space_is_left(tmp_path: Path) -> None:
    async with a_story(tmp_path) as story:
        (tmp_path / "remediator.yml").write_text(
            (tmp_path / "remediator.yml").read_text().replace("store.db", "disk/store.db")
        )
        disk = tmp_path / "disk"
        disk.mkdir()
        async with daemon_on_tmpfs(tmp_path, disk) as daemon:
            seen = Path(f"/proc/{daemon.pid}/root{disk}")  # only the daemon has the mount
            far = FarStory(story.root, story.book, story.session, seen=seen)
            await full_disk_is_survived(far, daemon, SmallDisk(seen), killed=False)


@contextlib.asynccontextmanager
async def daemon_on_tmpfs(root: Path, disk: Path) -> AsyncIterator[Daemon]:
    """Run a daemon that alone sees a disk of 2 MB."""
    script = 'mount -t tmpfs -o size=2m none "$1" && exec "$2" "$3" --config "$4" --log "$5" --out "$5"'
    process = await asyncio.create_subprocess_exec(
        "unshare", "-rm", "sh", "-c", script, "sh", disk, sys.executable, SCRIPT, root / "remediator.yml", "/dev/null",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        port = json.loads(await process.stdout.readline())["port"]
        yield Daemon("on tmpfs", process.pid, port)
    finally:
        with contextlib.suppress(ProcessLookupError, DiedError):
            process.terminate()
        assert await process.wait() == 0
