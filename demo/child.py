# ruff: noqa: INP001 -- the demo's scripts stand beside each other, they are no package
"""The real daemon as a child process, and how the demo speaks to it: by HTTP, as everybody does."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import yaml

HERE = Path(__file__).parent
_STARTS_WITHIN = 15.0
_STOPS_WITHIN = 10.0


class DemoError(Exception):
    """The demo cannot go on; the text says why, ``hint`` what to do."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint


class Daemon:
    """A running daemon. ``home`` holds its configuration, data, log and console."""

    def __init__(self, home: Path, process: asyncio.subprocess.Process, session: aiohttp.ClientSession) -> None:
        self.url = ""
        self.home = home
        self.process = process
        self._session = session

    async def get(self, path: str) -> Any:
        """Return a document of the API."""
        async with self._session.get(self.url + path) as answer:
            return await answer.json()

    async def post(self, path: str, document: Any) -> tuple[int, Any]:
        """Send a document; return the status and the answer."""
        headers = {"User-Agent": "Alertmanager/0.28.1"}
        async with self._session.post(self.url + path, json=document, headers=headers) as answer:
            return answer.status, await answer.json()

    def log(self) -> list[str]:
        """Return the lines that it logged, JSON one by one."""
        return (self.home / "daemon.log").read_text().splitlines()

    def console(self) -> list[str]:
        """Return the lines that it told on its standard output: the reports."""
        return (self.home / "console.log").read_text().splitlines()

    def listen(self) -> str:
        """Return the address that it serves; empty before it does."""
        for line in self.log():
            with contextlib.suppress(ValueError):
                said = json.loads(line)
                if said.get("event") == "ready":
                    return str(said["listen"])
        return ""


def write_configuration(home: Path, service: str) -> Path:
    """Copy demo/remediator.yml into a folder, with the service's real address; return the file."""
    document = yaml.safe_load((HERE / "remediator.yml").read_text())
    document["rules"] = [str(HERE / pattern) for pattern in document["rules"]]
    document["connections"]["http"]["checkout"]["base_url"] = service
    file = home / "remediator.yml"
    file.write_text(yaml.safe_dump(document))
    return file


@contextlib.asynccontextmanager
async def start_daemon(home: Path, config: Path, port: int) -> AsyncIterator[Daemon]:
    """Run ``remediator serve`` until the end of the block. Port 0: any that is free."""
    with (home / "daemon.log").open("wb") as log, (home / "console.log").open("wb") as console:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "remediator", "serve", "--config.file", str(config),
            "--web.listen-address", f"127.0.0.1:{port}", "--log.format", "json",
            stdin=asyncio.subprocess.DEVNULL, stdout=console, stderr=log,
            start_new_session=True,  # Ctrl-C is for the demo, which then stops the daemon in order
        )  # fmt: skip
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        daemon = Daemon(home, process, session)
        try:
            await _ready(daemon)
            yield daemon
        finally:
            await _stop(process)


async def _ready(daemon: Daemon) -> None:
    for _ in range(int(_STARTS_WITHIN / 0.05)):
        if daemon.process.returncode is not None:
            hint = "Is everything installed? `make demo` does that; by hand: .venv/bin/pip install -e ."
            raise DemoError("the daemon ended instead of starting", hint)
        if listen := daemon.listen():
            daemon.url = f"http://{listen}"
            return
        await asyncio.sleep(0.05)
    raise DemoError(f"the daemon was not ready within {_STARTS_WITHIN:.0f} s")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOPS_WITHIN)
    except TimeoutError:
        process.kill()
        await process.wait()
