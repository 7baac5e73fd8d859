"""A unit as systemd knows it, whichever way it was asked; what is unset or odd reads as none."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

from msgspec import Struct

from remediator.actions.answers.machine import Machine, machine_of
from remediator.actions.answers.reading import excerpt
from remediator.actions.context import Context
from remediator.actions.systemd import bus
from remediator.actions.systemd.connection import Connection, is_variable
from remediator.core.durations import SECOND
from remediator.errors import PermanentError

_TEXT = 300
_UNSET = 2**64 - 1  #: how D-Bus says that a number is not set
_ASKED = (
    "LoadState", "ActiveState", "SubState", "Description", "MainPID", "NRestarts", "Result", "ExecMainStatus",
    "MemoryCurrent", "ActiveEnterTimestampMonotonic", "InvocationID", "Job", "Environment", "EnvironmentFiles",
)  # fmt: skip


class Unit(Struct, frozen=True):
    """What systemd says of a unit."""

    load_state: str  #: "loaded", "not-found", "masked", "error"
    active_state: str
    sub_state: str
    description: str
    result: str  #: "success", or why it failed; empty of what is no service
    main_pid: int | None
    restarts: int | None  #: by itself, since a person started it
    exit_status: int | None
    memory: int | None  #: bytes
    active_since: int | None  #: microseconds on the machine's monotonic clock
    invocation: str  #: another one at each start
    busy: bool  #: whether a job (a start, a restart) is under way
    variables: tuple[str, ...]  #: names of the environment variables set in the unit; never values
    files: tuple[str, ...]  #: files with further ones


class Source(Protocol):
    """Whom to ask."""

    async def properties(self, unit: str) -> Mapping[str, Any]:
        """Return the unit's properties."""
        ...

    async def restart(self, unit: str) -> None:
        """Ask for a restart; does not wait for it."""
        ...

    async def reload(self) -> None:
        """Let systemd read its files again."""
        ...


class Remote:
    """``systemctl`` over ssh."""

    def __init__(self, machine: Machine, *, sudo: bool) -> None:
        self._machine, self._sudo = machine, ("sudo", "-n") if sudo else ()

    async def properties(self, unit: str) -> Mapping[str, Any]:
        """Run ``systemctl show``."""
        ran = await self._machine.run(("systemctl", "show", "--no-pager", f"--property={','.join(_ASKED)}", "--", unit))
        if ran.code:
            raise PermanentError(f"systemctl show failed on {self._machine.place}: {ran.errors}")
        found: dict[str, Any] = {}
        for line in ran.output.decode(errors="replace").splitlines():
            name, _, value = line.partition("=")
            # EnvironmentFiles comes once for each file.
            found[name] = [*found.get(name, ()), value] if name == "EnvironmentFiles" else value
        return found

    async def restart(self, unit: str) -> None:
        """Run ``systemctl restart``."""
        argv = (*self._sudo, "systemctl", "--no-block", "--no-ask-password", "restart", "--", unit)
        ran = await self._machine.run(argv, changes=True)
        if ran.code:
            raise PermanentError(f"systemctl restart {unit} failed on {self._machine.place}: {ran.errors}")

    async def reload(self) -> None:
        """Run ``systemctl daemon-reload``."""
        argv = (*self._sudo, "systemctl", "--no-ask-password", "daemon-reload")
        ran = await self._machine.run(argv, changes=True)
        if ran.code:
            raise PermanentError(f"systemctl daemon-reload failed on {self._machine.place}: {ran.errors}")


class Systemd(Struct, frozen=True):
    """One machine's systemd, and the machine."""

    connection: Connection
    machine: Machine
    source: Source

    async def unit(self, name: str) -> Unit:
        """Return how the unit is; PermanentError when there is none."""
        unit = read(await self.source.properties(name))
        if unit.load_state in {"not-found", ""}:
            raise PermanentError(f"there is no unit {name} on {self.machine.place}")
        return unit

    async def active_for(self, unit: Unit) -> float | None:
        """Return the seconds for which it has been active, by the machine's own clock; None when it is not."""
        if unit.active_state != "active" or unit.active_since is None:
            return None
        uptime = (await self.machine.read("/proc/uptime")).split()
        try:
            return max(float(uptime[0]) - unit.active_since / SECOND, 0.0)
        except (IndexError, ValueError):
            return None


@asynccontextmanager
async def systemd_of(name: str, context: Context) -> AsyncIterator[Systemd]:
    """Yield the systemd of the machine that both connections.systemd and connections.host have by this name."""
    known: Connection = context.connection("systemd", name)
    async with machine_of(name, context) as machine:
        if not context.connection("host", name).local:
            yield Systemd(known, machine, Remote(machine, sudo=known.sudo))
            return
        async with bus.opened(known.bus, known.timeout) as opened:
            yield Systemd(known, machine, opened)


def read(said: Mapping[str, Any]) -> Unit:
    """Return the unit that these properties describe, as D-Bus gives them or as ``systemctl show`` prints them."""
    invocation = said.get("InvocationID")
    return Unit(
        load_state=_text(said.get("LoadState")),
        active_state=_text(said.get("ActiveState")),
        sub_state=_text(said.get("SubState")),
        description=_text(said.get("Description")),
        result=_text(said.get("Result")),
        main_pid=_number(said.get("MainPID")) or None,
        restarts=_number(said.get("NRestarts")),
        exit_status=_number(said.get("ExecMainStatus")),
        memory=_number(said.get("MemoryCurrent")),
        active_since=_number(said.get("ActiveEnterTimestampMonotonic")) or None,
        invocation=bytes(invocation).hex() if isinstance(invocation, (bytes, bytearray)) else _text(invocation),
        busy=bool(_job(said.get("Job"))),
        variables=tuple(sorted(set(_names(said.get("Environment"))))),
        files=tuple(_files(said.get("EnvironmentFiles"))),
    )


def _text(value: Any) -> str:
    return excerpt(value, _TEXT) if isinstance(value, str) else ""


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 20:  # noqa: PLR2004 -- 64 bits
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0 or value == _UNSET:
        return None
    return value


def _job(value: Any) -> int | None:
    return _number(value[0]) if isinstance(value, (list, tuple)) and value else _number(value)


def _names(value: Any) -> Iterator[str]:
    """Yield names of ``NAME=value`` pairs: a list, or one text with quotes as systemctl prints it."""
    if isinstance(value, str):
        try:
            value = shlex.split(value)
        except ValueError:  # a quote too few: nothing of it may be taken for a name
            value = ()
    for pair in value if isinstance(value, (list, tuple)) else ():
        name, equals, _ = pair.partition("=") if isinstance(pair, str) else ("", "", "")
        if equals and is_variable(name):
            yield name


def _files(value: Any) -> Iterator[str]:
    """Yield paths of ``(path, optional)`` pairs, or of ``path (ignore_errors=yes)`` lines."""
    for each in value if isinstance(value, (list, tuple)) else ():
        path = each[0] if isinstance(each, (list, tuple)) and each else each
        if isinstance(path, str):
            path = path.rpartition(" (ignore_errors=")[0] or path
            if path.startswith("/") and path.isprintable():
                yield path
