"""``host.processes``: which processes use most. Names, never command lines: these may hold secrets."""

from __future__ import annotations

import asyncio
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from remediator.actions.answers.machine import machine_of
from remediator.actions.context import Context
from remediator.actions.host.connection import HostParameters, backend
from remediator.actions.host.facts import between, cpu_ticks, page_size, processes
from remediator.core.action import Action, Outputs, Permission
from remediator.core.durations import Duration


class ProcessesParameters(HostParameters):
    """By what, and how many."""

    by: Literal["cpu", "memory"] = Field("memory", description="What to sort by.")
    top: int = Field(10, ge=1, le=50, description="Processes to tell.")
    over: Duration = Field(1.0, gt=0, le=60, description="Measure their CPU time over this time, at most 1m.")


class ProcessUse(BaseModel):
    """One process."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    pid: int = Field(description="Its id.")
    name: str = Field(description="Its name, as the kernel keeps it: 15 characters.")
    cpu_cores: float = Field(description="Processors that it kept busy; 1.0 is one of them.")
    memory_bytes: int = Field(description="Memory that it holds, shared pages included.")


class ProcessesOutputs(Outputs):
    """The processes."""

    count: int = Field(description="How many there are.")
    top: list[ProcessUse] = Field(description="Those that use most, the greatest first.")


async def perform(p: ProcessesParameters, context: Context) -> ProcessesOutputs:
    """Look twice."""
    async with machine_of(p.connection, context) as machine:
        page = await page_size(machine)
        ticks, before = await cpu_ticks(machine), await processes(machine)
        await asyncio.sleep(p.over)
        use, after = between(ticks, await cpu_ticks(machine)), await processes(machine)
    found = []
    for pid, now in after.items():
        earlier = before.get(pid)
        used = max(now.ticks - earlier.ticks, 0) if earlier else 0
        cores = used * use.processors / use.ticks if use.ticks else 0.0
        found.append(ProcessUse(pid=pid, name=now.name, cpu_cores=round(cores, 3), memory_bytes=now.pages * page))
    found.sort(key=lambda one: -(one.cpu_cores if p.by == "cpu" else one.memory_bytes))
    return ProcessesOutputs(count=len(after), top=found[: p.top])


ACTION: Action[ProcessesParameters, ProcessesOutputs] = Action(
    name="host.processes",
    summary="Tells which processes of a machine use most CPU time or memory; names only.",
    parameters=ProcessesParameters,
    outputs=ProcessesOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _: (Permission("run", "find (over /proc)"), Permission("run", "getconf")),
)
