"""Which machine's units, and which of them rules may restart."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from remediator.actions.answers.reading import Regex
from remediator.core.action import NamesConnection, Parameters
from remediator.core.durations import Duration

#: systemd.unit(5), without what has to be escaped: no backslash, no leading "-".
UnitName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9:_.@-]{0,240}\.(service|socket|timer|target|path|mount|slice|scope)$"),
]  # fmt: skip


def _is_name(name: str) -> str:
    if not is_variable(name):
        raise ValueError("a variable's name has letters, digits and _")
    return name


def is_variable(name: str) -> bool:
    """Whether this can be the name of an environment variable."""
    return name.isascii() and name.isidentifier() and len(name) <= 256  # noqa: PLR2004 -- nobody has longer ones


Variable = Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(_is_name)]
Folder = Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9_][A-Za-z0-9._-]*)+$", max_length=512)]


class Settable(BaseModel):
    """A variable that systemd.set_environment may set: to what, or from which file."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    pattern: Regex = Field("", description="RE2 regex that the whole value must match. This or file is needed.")
    file: str = Field("", description="Instead: file of the daemon's machine that holds the value, a secret.")

    @model_validator(mode="after")
    def _one(self) -> Settable:
        if bool(self.pattern) == bool(self.file):
            raise ValueError("give a pattern, or for a secret the file that holds it")
        return self


class Connection(BaseModel):
    """One entry under ``connections.systemd``: the units of the machine that connections.host has by the same name."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    units: tuple[UnitName, ...] = Field(
        (), max_length=256, description='Units that systemd.restart may restart, in full: "shop.service".'
    )
    environment: dict[UnitName, Annotated[dict[Variable, Settable], Field(max_length=100)]] = Field(
        {}, max_length=256,
        description="By unit, the environment variables that systemd.set_environment may set, each with its pattern or "
        "its file.",
    )  # fmt: skip
    drop_ins: Folder = Field(
        "/etc/systemd/system",
        description="Folder of the drop-ins that it writes; what stands under /run/systemd/system ends with a boot.",
    )
    sudo: bool = Field(
        False,
        description="Whether drop-ins are written, and over ssh systemctl is run, by sudo, which must not ask.",
    )
    bus: str = Field("", max_length=1024, description="Locally: address of the bus. Default: the system's.")
    timeout: Duration = Field(10.0, gt=0, description="Locally: how long to wait for the bus, and for each answer.")

    @model_validator(mode="after")
    def _services(self) -> Connection:
        wrong = [unit for unit in self.units if unit.endswith((".target", ".slice", ".scope", ".mount"))]
        if wrong:
            raise ValueError(f"{wrong[0]} cannot be listed: restarting it would touch other units")
        wrong = [unit for unit in self.environment if not unit.endswith(".service")]
        if wrong:
            raise ValueError(f"{wrong[0]} is no service: it has no environment to set")
        return self


class UnitParameters(Parameters):
    """What every action's parameters begin with."""

    connection: Annotated[str, NamesConnection()] = Field(
        "default", description="Name of an entry under connections.systemd and connections.host."
    )
    unit: UnitName = Field(description='The unit\'s full name, such as "shop.service".')


def backend(parameters: UnitParameters) -> str:
    """Return ``host/NAME``: the machine is what may be away."""
    return f"host/{parameters.connection}"


def targets(parameters: UnitParameters) -> tuple[str, ...]:
    """Return the one target, ``host/NAME/UNIT``."""
    return (f"host/{parameters.connection}/{parameters.unit}",)
