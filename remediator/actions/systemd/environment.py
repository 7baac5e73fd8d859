"""``systemd.environment``: names of a unit's environment variables, and which are missing. Never values.

What the unit and its files set is read; what its running process was given, where we may see that. The values
are cut off by ``sed`` on the machine itself: they never reach this process, but for those that it set itself.
"""

from __future__ import annotations

from pydantic import Field

from remediator.actions.answers.machine import Machine
from remediator.actions.context import Context
from remediator.actions.systemd.connection import UnitParameters, Variable, backend, is_variable
from remediator.actions.systemd.drop_in import DropIn, drop_in
from remediator.actions.systemd.units import systemd_of
from remediator.core.action import Action, Outputs, Permission
from remediator.errors import PermanentError

_KEPT = 500
_FILES = 20
#: A comment or a line without "=" prints nothing.
_OF_FILE = r"s/^[[:space:]]*\([A-Za-z_][A-Za-z0-9_]*\)=.*$/\1/p"
_OF_PROCESS = r"s/^\([A-Za-z_][A-Za-z0-9_]*\)=.*$/\1/p"


class EnvironmentParameters(UnitParameters):
    """Which unit, and what it needs."""

    expected: tuple[Variable, ...] = Field((), max_length=100, description="Names of variables that must be there.")


class EnvironmentOutputs(Outputs):
    """Names, never values."""

    names: list[str] = Field(description="Variables that the unit and its files set, 500 at most.")
    missing: list[str] = Field(description="Those expected that neither the unit nor its files set.")
    missing_in_process: list[str] | None = Field(
        description="Those expected that the running process was not given; none without one that may be seen."
    )
    unread: list[str] = Field(description="Environment files of the unit that could not be read.")


async def perform(p: EnvironmentParameters, context: Context) -> EnvironmentOutputs:
    """Ask systemd, read the files, look at the process."""
    async with systemd_of(p.connection, context) as systemd:
        unit = await systemd.unit(p.unit)
        names, unread = set(unit.variables), list(unit.files[_FILES:])
        ours = drop_in(systemd.machine, systemd.connection, p.unit)
        for path in unit.files[:_FILES]:
            found = await _ours(ours) if path == ours.values_path else await _names(
                systemd.machine, ("sed", "-n", _OF_FILE, "--", path)
            )  # fmt: skip
            if found is None:
                unread.append(path)
            names |= found or set()
        given = None
        if unit.main_pid:
            given = await _names(
                systemd.machine, ("sed", "-z", "-n", _OF_PROCESS, "--", f"/proc/{unit.main_pid}/environ")
            )
    return EnvironmentOutputs(
        names=sorted(names)[:_KEPT],
        missing=[name for name in p.expected if name not in names],
        missing_in_process=None if given is None else [name for name in p.expected if name not in given],
        unread=[path[:300] for path in unread[:_FILES]],
    )


async def _ours(drop_in: DropIn) -> set[str] | None:
    """Return the names in our own drop-in, which only root reads."""
    try:
        return set(await drop_in.read())
    except PermanentError:
        return None


async def _names(machine: Machine, argv: tuple[str, ...]) -> set[str] | None:
    ran = await machine.run(argv)
    if ran.code:
        return None
    found = ran.output.decode(errors="replace").replace("\0", "\n").splitlines()
    return {name for name in found if is_variable(name)}


ACTION: Action[EnvironmentParameters, EnvironmentOutputs] = Action(
    name="systemd.environment",
    summary="Tells the names of a unit's environment variables and which are missing; never a value.",
    parameters=EnvironmentParameters,
    outputs=EnvironmentOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _: (
        Permission("run", "systemctl show (over ssh)"),
        Permission("run", "sed (on the environment files)"),
    ),
)
