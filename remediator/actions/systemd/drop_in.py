"""Our drop-in of a unit: two files under ``UNIT.d``, one that names the other, which holds ``NAME="value"`` lines.

The values stand in an EnvironmentFile= and not in Environment=: such a file overrides what the unit's own environment
files set, and only root reads it, while Environment= is shown to anybody who asks systemd (systemd.exec(5)). Values
go there on a program's input, never on a command line, and each file is put in place whole, by a rename.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from remediator.actions.answers.machine import Machine
from remediator.actions.systemd.connection import Connection, UnitName, is_variable
from remediator.errors import PermanentError

_NAME = "90-remediator"
_ABSENT = "No such file or directory"
_HEAD = "# Written by remediator (systemd.set_environment): a change by hand here is not kept.\n"
_LIMIT = 64 * 1024  #: bytes of a file
#: In double quotes a backslash hides these four (systemd.exec(5), EnvironmentFile=).
_SPECIAL = re.compile(r'(["\\`$])')
_LINE = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\`$]|\\["\\`$])*)"')


class DropIn(Struct, frozen=True):
    """The files of one unit on one machine."""

    machine: Machine
    folder: str
    sudo: tuple[str, ...]

    @property
    def values_path(self) -> str:
        """The file with the values, as the unit names it once systemd has read the drop-in."""
        return f"{self.folder}/{_NAME}.env"

    @property
    def path(self) -> str:
        """The drop-in itself."""
        return f"{self.folder}/{_NAME}.conf"

    async def read(self) -> dict[str, str]:
        """Return the variables that it sets; none when it is not there. PermanentError when we did not write it."""
        ran = await self.machine.run((*self.sudo, "cat", "--", self.values_path), limit=_LIMIT)
        if ran.code and _ABSENT in ran.errors:
            return {}
        if ran.code:
            raise PermanentError(f"cannot read {self.values_path} on {self.machine.place}: {ran.errors}")
        return parsed(ran.output, self.values_path)

    async def write(self, variables: Mapping[str, str]) -> None:
        """Put both files in place; without variables, remove them."""
        if not variables:
            await self._done(("rm", "-f", "--", self.path, self.values_path))
            return
        await self._put(self.values_path, rendered(variables), "0600")
        # "-": a file that somebody removed must not keep the service from starting.
        await self._put(self.path, f"{_HEAD}[Service]\nEnvironmentFile=-{self.values_path}\n".encode(), "0644")

    async def _put(self, path: str, content: bytes, mode: str) -> None:
        new = f"{path}.new"
        await self._done(("install", "-D", "-m", mode, "--", "/dev/null", new))
        await self._done(("dd", "status=none", f"of={new}"), content)
        await self._done(("mv", "-T", "--", new, path))

    async def _done(self, argv: Sequence[str], given: bytes = b"") -> None:
        ran = await self.machine.run((*self.sudo, *argv), changes=True, given=given)
        if ran.code:
            raise PermanentError(f"{argv[0]} failed on {self.machine.place}: {ran.errors}")


def drop_in(machine: Machine, connection: Connection, unit: UnitName) -> DropIn:
    """Return the drop-in of this unit."""
    return DropIn(machine, f"{connection.drop_ins}/{unit}.d", ("sudo", "-n") if connection.sudo else ())


def rendered(variables: Mapping[str, str]) -> bytes:
    """Return the file that sets these variables; their values have no control characters."""
    quoted = {name: _SPECIAL.sub(r"\\\1", value) for name, value in sorted(variables.items())}
    return (_HEAD + "".join(f'{name}="{value}"\n' for name, value in quoted.items())).encode()


def parsed(content: bytes, path: str) -> dict[str, str]:
    """Return the variables in a file. PermanentError, without its content, when a line is not as we write them."""
    found: dict[str, str] = {}
    text = content.decode(errors="replace")
    for line in text.split("\n"):
        match = _LINE.fullmatch(line)
        if match and is_variable(match[1]):
            found[match[1]] = re.sub(r"\\(.)", r"\1", match[2])
        elif line and not line.startswith("#"):
            raise PermanentError(f"{path} has lines that remediator did not write; a person should look at it")
    if len(content) >= _LIMIT or "\ufffd" in text:
        raise PermanentError(f"{path} is too long or no text; a person should look at it")
    return found
