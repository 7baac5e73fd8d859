"""Which machine's units, and which of them rules may restart."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from remediator.core.action import NamesConnection, Parameters
from remediator.core.durations import Duration

#: systemd.unit(5), without what has to be escaped: no backslash, no leading "-".
UnitName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9:_.@-]{0,240}\.(service|socket|timer|target|path|mount|slice|scope)$"),
]  # fmt: skip


class Connection(BaseModel):
    """One entry under ``connections.systemd``: the units of the machine that connections.host has by the same name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    units: tuple[UnitName, ...] = Field(
        (), max_length=256, description='Units that systemd.restart may restart, in full: "shop.service".'
    )
    sudo: bool = Field(False, description="Over ssh: whether systemctl restart is run by sudo, which must not ask.")
    bus: str = Field("", max_length=1024, description="Locally: address of the bus. Default: the system's.")
    timeout: Duration = Field(10.0, gt=0, description="Locally: how long to wait for the bus, and for each answer.")

    @model_validator(mode="after")
    def _services(self) -> Connection:
        wrong = [unit for unit in self.units if unit.endswith((".target", ".slice", ".scope", ".mount"))]
        if wrong:
            raise ValueError(f"{wrong[0]} cannot be listed: restarting it would touch other units")
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
