"""``host.cpu``: the load, and the share of the processors' time that is used."""

from __future__ import annotations

from pydantic import Field

from remediator.actions.answers.machine import machine_of
from remediator.actions.context import Context
from remediator.actions.host import proc
from remediator.actions.host.connection import HostParameters, backend
from remediator.actions.host.facts import cpu_use
from remediator.core.action import Action, Outputs, Permission
from remediator.core.durations import Duration
from remediator.errors import PermanentError


class CpuParameters(HostParameters):
    """How long to look."""

    over: Duration = Field(1.0, gt=0, le=60, description="Measure the share over this time, at most 1m.")


class CpuOutputs(Outputs):
    """The processors."""

    processors: int = Field(description="How many there are.")
    busy_share: float = Field(description="Time that was used, by all processors; 0.9 is 90 %.")
    waiting_share: float = Field(description="Time in which a disk was waited for and nothing else was done.")
    stolen_share: float = Field(description="Time that the hypervisor gave to others.")
    load_1m: float = Field(description="Processes that ran or wanted to, over a minute.")
    load_5m: float = Field(description="The same over five minutes.")
    load_15m: float = Field(description="The same over fifteen minutes.")
    load_per_processor: float = Field(description="The load of five minutes by processor; above 1 they queue.")


async def perform(p: CpuParameters, context: Context) -> CpuOutputs:
    """Look twice."""
    async with machine_of(p.connection, context) as machine:
        load = proc.load(await machine.read("/proc/loadavg"))
        use = await cpu_use(machine, p.over)
    if load is None:
        raise PermanentError(f"/proc/loadavg of {machine.place} cannot be read")
    return CpuOutputs(
        processors=use.processors,
        busy_share=use.busy,
        waiting_share=use.waiting,
        stolen_share=use.stolen,
        load_1m=load[0],
        load_5m=load[1],
        load_15m=load[2],
        load_per_processor=load[1] / use.processors,
    )


ACTION: Action[CpuParameters, CpuOutputs] = Action(
    name="host.cpu",
    summary="Tells a machine's load and how much of its processors' time is used.",
    parameters=CpuParameters,
    outputs=CpuOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _: (Permission("read", "/proc/loadavg"), Permission("read", "/proc/stat")),
)
