"""Which machine."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from remediator.actions.answers.machine import MachineConnection
from remediator.core.action import NamesConnection, Parameters


class Connection(MachineConnection):
    """One entry under ``connections.host``."""


class HostParameters(Parameters):
    """What every action's parameters begin with."""

    connection: Annotated[str, NamesConnection()] = Field(
        "default", description="Name of an entry under connections.host."
    )


def backend(parameters: HostParameters) -> str:
    """Return ``host/NAME``."""
    return f"host/{parameters.connection}"
