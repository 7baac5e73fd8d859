"""Starts and kills daemons; the test's side of ``crash_daemon.py --nursery``."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("crash_daemon.py")
START_LIMIT = 20.0  #: seconds until a daemon is ready or has died


@dataclass
class Daemon:
    """One daemon process."""

    name: str
    pid: int = 0
    port: int | None = None
    commits: int | None = None  #: how many it made, if it ended by itself
    code: int | None = None  #: its exit code, -9 when it was killed
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    async def until(self, *parts: str) -> None:
        """Wait until one of these parts (``port``, ``code``) is known."""
        async with asyncio.timeout(START_LIMIT):
            while all(getattr(self, part) is None for part in parts):
                self.changed.clear()
                await self.changed.wait()

    def kill(self) -> None:
        """End it as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    async def stop(self) -> int:
        """End it by SIGTERM; return its exit code."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        await self.until("code")
        assert self.code is not None
        return self.code


class Nursery:
    """Forks daemons from one warm process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._daemons: dict[str, Daemon] = {}
        self._born = 0

    async def start(self, config: Path, log: Path, die: str = "", web: Path | None = None) -> Daemon:
        """Start a daemon; return when it is ready or already dead. ``web``: the file that says who may log in."""
        self._born += 1
        daemon = Daemon(f"daemon-{self._born}")
        self._daemons[daemon.name] = daemon
        assert self._process.stdin is not None
        order = {"name": daemon.name, "config": str(config), "log": str(log), "die": die, "web": str(web or "")}
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        await daemon.until("port", "code")
        return daemon

    async def listen(self) -> None:
        """Take in what the nursery tells. Runs until it ends."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            event: dict[str, Any] = json.loads(line)
            daemon = self._daemons[event["name"]]
            daemon.pid = event.get("pid", daemon.pid)
            daemon.port = event.get("port", daemon.port)
            daemon.commits = event.get("commits", daemon.commits)
            if "ended" in event:
                daemon.code = event["ended"]
                del self._daemons[daemon.name]
            daemon.changed.set()


@contextlib.asynccontextmanager
async def open_nursery() -> AsyncIterator[Nursery]:
    """Start a nursery; every daemon that is left is killed at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), "--nursery", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    nursery = Nursery(process)
    listening = asyncio.create_task(nursery.listen())
    try:
        yield nursery
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        await listening
