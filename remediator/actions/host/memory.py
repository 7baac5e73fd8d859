"""``host.memory``: how much memory a machine has left, and how much of it is swapped out."""

from __future__ import annotations

from pydantic import Field

from remediator.actions.answers.machine import machine_of
from remediator.actions.context import Context
from remediator.actions.host.connection import HostParameters, backend
from remediator.actions.host.facts import memory
from remediator.core.action import Action, Outputs, Permission


class MemoryParameters(HostParameters):
    """Which machine."""


class MemoryOutputs(Outputs):
    """Its memory."""

    total_bytes: int = Field(description="All of it.")
    available_bytes: int = Field(description="What programs can still have, by the kernel's estimate.")
    used_share: float = Field(description="What is not available, by all; 0.9 is 90 %.")
    swap_total_bytes: int = Field(description="Swap; 0 without any.")
    swap_used_bytes: int = Field(description="Swap that is used.")


async def perform(p: MemoryParameters, context: Context) -> MemoryOutputs:
    """Ask once."""
    async with machine_of(p.connection, context) as machine:
        found = await memory(machine)
    return MemoryOutputs(
        total_bytes=found.total,
        available_bytes=found.available,
        used_share=found.used_share,
        swap_total_bytes=found.swap_total,
        swap_used_bytes=max(found.swap_total - found.swap_free, 0),
    )


ACTION: Action[MemoryParameters, MemoryOutputs] = Action(
    name="host.memory",
    summary="Tells how much memory a machine has left.",
    parameters=MemoryParameters,
    outputs=MemoryOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _: (Permission("read", "/proc/meminfo"),),
)
