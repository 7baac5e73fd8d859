"""A machine to look at: the one that the daemon runs on, or one over ssh. Fixed programs, no shell of ours.

What is run is argv from the code; over ssh each word is quoted, since sshd hands the line to the user's shell.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field, model_validator

from remediator.actions.answers.reading import excerpt
from remediator.actions.answers.ssh import Ssh, opened
from remediator.actions.context import Context
from remediator.core.durations import Duration
from remediator.core.file_names import UsedFile
from remediator.errors import PermanentError, TemporaryError

OUTPUT = 8 * 1024 * 1024  #: bytes of a program's output, or of a file
ERRORS = 4096  #: bytes of what it said on its error output
_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
_NO_PROGRAM = 127  #: what shells say of a program that is not there
_SAID = 300
_LAST_WORDS = 1.0  #: seconds for the kernel to end a killed process


class MachineConnection(BaseModel):
    """One machine: local, or an address with the user, the key and the host keys to trust."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    local: bool = Field(
        False, description="Whether it is the machine that the daemon runs on; then nothing else is said."
    )
    address: str = Field("", max_length=253, description="Host name or IP address, for ssh.")
    port: int = Field(22, ge=1, le=65_535, description="Port of its sshd.")
    user: str = Field("", max_length=64, description="User to log in as; one that may only look, see docs/hosts.md.")
    key_file: UsedFile = Field("", description="File with the private key, without a passphrase; read at each use.")
    known_hosts_file: UsedFile = Field("", description="File with the machine's host keys, as ssh-keyscan writes them.")
    timeout: Duration = Field(10.0, gt=0, description="How long to wait for a connection, and for the log-in.")

    @model_validator(mode="after")
    def _whole(self) -> MachineConnection:
        remote = (self.address, self.user, self.key_file, self.known_hosts_file)
        if self.local and any(remote):
            raise ValueError("local: true goes without an address")
        if not self.local and not all(remote):
            raise ValueError("say local: true, or address, user, key_file and known_hosts_file")
        if self.address.startswith("-") or self.user.startswith("-"):
            raise ValueError("an address or user does not begin with -")
        return self


def is_local(name: str, connections: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether an entry under connections.host is the machine that the daemon runs on; of none that is there: no."""
    known = connections.get("host", {}).get(name)
    return bool(known is not None and known.local)


def is_remote(name: str, connections: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether an entry under connections.host is reached over ssh; of none that is there: no."""
    known = connections.get("host", {}).get(name)
    return bool(known is not None and not known.local)


class Ran(NamedTuple):
    """What a program left behind."""

    code: int  #: its exit code; negative: the signal that ended it
    output: bytes
    errors: str
    cut: bool  #: whether there was more output than was asked for


class Machine(Protocol):
    """What can be asked of a machine."""

    place: str  #: for messages

    async def run(self, argv: Sequence[str], *, limit: int = OUTPUT, changes: bool = False, given: bytes = b"") -> Ran:
        """Run a program to its end, ``given`` on its input; one that is not there is a PermanentError."""
        ...

    async def read(self, path: str) -> str:
        """Return a text file; PermanentError when it cannot be read."""
        ...


@asynccontextmanager
async def machine_of(name: str, context: Context) -> AsyncIterator[Machine]:
    """Yield the machine of an entry under connections.host."""
    known: MachineConnection = context.connection("host", name)
    if known.local:
        yield Local()
        return
    async with opened(
        known.address, known.port, known.user, known.key_file, known.known_hosts_file, known.timeout
    ) as ssh:
        yield Remote(ssh)


class Local:
    """The machine that the daemon runs on."""

    place = "this machine"

    async def run(
        self,
        argv: Sequence[str],
        *,
        limit: int = OUTPUT,
        changes: bool = False,  # noqa: ARG002 -- an answer cannot get lost here
        given: bytes = b"",
    ) -> Ran:
        """Run it in a process group of its own, which ends with it."""
        stdin = asyncio.subprocess.PIPE if given else asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(
                *argv, stdin=stdin, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE, env=_ENVIRONMENT, cwd="/", start_new_session=True,
            )  # fmt: skip
        except FileNotFoundError as error:
            raise PermanentError(f"{argv[0]} is not installed on {self.place}") from error
        except OSError as error:
            raise TemporaryError(f"{argv[0]} cannot be started: {error.strerror}") from error
        try:
            (output, cut), (errors, _), _ = await asyncio.gather(
                _bounded(process.stdout, limit, process), _bounded(process.stderr, ERRORS), _feed(process.stdin, given)
            )
            await process.wait()
        finally:
            if process.returncode is None:
                _end(process)
                with contextlib.suppress(TimeoutError):  # one that waits for a dead disk cannot be ended
                    async with asyncio.timeout(_LAST_WORDS):
                        await process.wait()
        return Ran(process.returncode or 0, output, excerpt(errors.decode(errors="replace").strip(), _SAID), cut)

    async def read(self, path: str) -> str:
        """Read it in a thread: /proc may be slow."""
        return await asyncio.to_thread(_read, path)


async def _feed(stream: asyncio.StreamWriter | None, given: bytes) -> None:
    if stream is not None:
        with contextlib.suppress(ConnectionError):  # it does not read; its exit code says the rest
            stream.write(given)
            await stream.drain()
        stream.close()


def _read(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return file.read(OUTPUT).decode(errors="replace")
    except OSError as error:
        raise PermanentError(f"cannot read {path}: {error.strerror}") from error


async def _bounded(stream: Any, limit: int, ends: asyncio.subprocess.Process | None = None) -> tuple[bytes, bool]:
    """Return at most ``limit`` bytes and whether there were more; then the program is ended, or the rest dropped."""
    kept, more = bytearray(), False
    while piece := await stream.read(65_536):
        room = limit - len(kept)
        kept += piece[:room]
        if len(piece) > room:
            more = True
            if ends is not None:
                _end(ends)
                break
    return bytes(kept), more


def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # it is gone, or another user's (sudo)
        os.killpg(process.pid, signal.SIGKILL)


class Remote:
    """A machine over ssh."""

    def __init__(self, ssh: Ssh) -> None:
        self._ssh, self.place = ssh, ssh.place

    async def run(self, argv: Sequence[str], *, limit: int = OUTPUT, changes: bool = False, given: bytes = b"") -> Ran:
        """Run it over there."""
        line = shlex.join(("env", f"LC_ALL={_ENVIRONMENT['LC_ALL']}", *argv))
        said = await self._ssh.run(line, limit, ERRORS, changes=changes, given=given)
        if said.code == _NO_PROGRAM and not said.output:
            raise PermanentError(f"{argv[0]} is not installed on {self.place}")
        return Ran(said.code, said.output, excerpt(said.errors.decode(errors="replace").strip(), _SAID), said.cut)

    async def read(self, path: str) -> str:
        """Read it by ``cat``."""
        ran = await self.run(("cat", "--", path))
        if ran.code:
            raise PermanentError(f"cannot read {path} on {self.place}: {ran.errors}")
        return ran.output.decode(errors="replace")
