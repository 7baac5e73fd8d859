"""Runs ``remediator`` in processes of its own, forked from one that has loaded everything already.

    done = run("check", "rules", cwd=tmp_path)                      # returncode, stdout, stderr
    program = await start("serve", cwd=home, out=out, err=err)      # pid, returncode, wait(), kill()

A start of Python with all imports takes more than a second of the processor, a fork some hundredths. What a program
sees is the same: its words, folder, environment, streams, signals and exit code. That it can be started from nothing
is shown where ``python -m remediator`` is run (the demo, the quick start, the page on the first rule).
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

_CLI = "remediator.cli:main"
_SERVER = Path(__file__).with_name("forking_server.py")


@functools.cache
def _orders() -> socket.socket:
    """Start the server; it ends when this socket is closed, as it is with this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    path = os.pathsep.join([str(_SERVER.parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(
        [sys.executable, str(_SERVER)], stdin=theirs, env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait(10)

    atexit.register(end)
    return ours


def _order(
    words: tuple[str, ...], cwd: Path, env: Mapping[str, str], streams: list[int], call: str = _CLI, more: Any = None
) -> socket.socket:
    """Order a program; return the socket that tells of it."""
    ours, theirs = socket.socketpair()
    order = {"words": words, "cwd": str(cwd), "env": dict(env), "call": call, "more": more}
    socket.send_fds(_orders(), [json.dumps(order).encode()], [*streams, theirs.fileno()])
    theirs.close()
    return ours


class Program:
    """A running program; ``told`` gets what it tells besides."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, told: Callable[[Any], None]) -> None:
        self._reader, self._writer, self._told = reader, writer, told
        self.pid = 0
        self.returncode: int | None = None
        self._ended = asyncio.Event()

    async def listen(self) -> None:
        """Take in what is told, until it ends."""
        try:
            while line := await self._reader.readline():
                event = json.loads(line)
                if "ended" in event:
                    self.returncode = event["ended"]
                self._told(event)
        finally:
            self._writer.close()
            self._ended.set()

    async def wait(self) -> int:
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


_listening: set[asyncio.Task[None]] = set()  # a task that nobody holds may vanish


async def start(
    *words: str, cwd: Path, env: Mapping[str, str] | None = None, out: IO[Any], err: IO[Any], call: str = _CLI,
    more: Any = None, told: Callable[[Any], None] = lambda _: None,
) -> Program:  # fmt: skip
    """Start a program that reads nothing. ``call`` with ``more``: a function that gets these and where to tell."""
    with open(os.devnull) as nothing:  # noqa: PTH123 -- a device
        streams = [nothing.fileno(), out.fileno(), err.fileno()]
        ours = _order(words, cwd, os.environ if env is None else env, streams, call, more)
    reader, writer = await asyncio.open_connection(sock=ours)
    program = Program(reader, writer, told)
    program.pid = json.loads(await reader.readline())["pid"]
    task = asyncio.create_task(program.listen())
    _listening.add(task)
    task.add_done_callback(_listening.discard)
    return program


def run(
    *words: str | Path, cwd: Path, env: Mapping[str, str] | None = None, text: str = "", timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end; ``text`` is what it reads."""
    with contextlib.ExitStack() as stack:
        given, out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(3))
        given.write(text.encode())
        given.seek(0)
        plain = tuple(map(str, words))
        ours = _order(plain, cwd, os.environ if env is None else env, [given.fileno(), out.fileno(), err.fileno()])
        ours.settimeout(timeout)
        with ours, ours.makefile("rb") as tells:
            code = next(event["ended"] for event in map(json.loads, tells) if "ended" in event)
        said = []
        for stream in (out, err):
            stream.seek(0)
            said.append(stream.read().decode())
    return subprocess.CompletedProcess(plain, code, *said)
