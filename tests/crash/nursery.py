"""Starts and kills daemons; the test's side of ``crash_daemon.py``."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fakes.forking import Program, start
from fakes.starved import Limit

SCRIPT = Path(__file__).with_name("crash_daemon.py")
START_LIMIT = 20.0  #: seconds until a daemon is ready or has died, those without a processor not counted


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
        limit = Limit(START_LIMIT, self.pid)
        while all(getattr(self, part) is None for part in parts):
            self.changed.clear()
            try:
                async with asyncio.timeout(1.0):
                    await self.changed.wait()
            except TimeoutError:
                if limit.over:
                    raise

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
    """Starts daemons."""

    def __init__(self) -> None:
        self._programs: list[Program] = []

    async def start(self, config: Path, log: Path, die: str = "", web: Path | None = None) -> Daemon:
        """Start a daemon; return when it is ready or already dead. ``web``: the file that says who may log in."""
        daemon = Daemon(f"daemon-{len(self._programs) + 1}")

        def told(event: dict[str, Any]) -> None:
            daemon.port = event.get("port", daemon.port)
            daemon.commits = event.get("commits", daemon.commits)
            daemon.code = event.get("ended", daemon.code)
            daemon.changed.set()

        order = {"config": str(config), "die": die, "web": str(web or "")}
        with log.open("ab") as out:
            program = await start(
                cwd=config.parent, out=out, err=out, call="crash.crash_daemon:daemon", more=order, told=told
            )
        self._programs.append(program)
        daemon.pid = program.pid
        await daemon.until("port", "code")
        return daemon

    async def end(self) -> None:
        """Kill those that are left."""
        for program in self._programs:
            program.kill()
            await program.wait()


@contextlib.asynccontextmanager
async def open_nursery() -> AsyncIterator[Nursery]:
    """Start daemons; every one that is left is killed at the end."""
    nursery = Nursery()
    try:
        yield nursery
    finally:
        await nursery.end()
