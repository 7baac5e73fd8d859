"""``host.check``: whether disk, memory and CPU are below limits."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, model_validator

from remediator.actions.answers.machine import machine_of
from remediator.actions.context import Context
from remediator.actions.host.connection import HostParameters, backend
from remediator.actions.host.facts import CpuUse, Disk, Memory, cpu_use, disks, memory
from remediator.core.action import Action, CheckOutputs, Permission
from remediator.core.durations import Duration
from remediator.errors import ActionError


class CheckParameters(HostParameters):
    """What must hold; all that is given."""

    disk_below: float | None = Field(
        None, gt=0, le=1, description="Every local file system must be less full than this; 0.8 is 80 %."
    )
    mounts: tuple[str, ...] = Field(
        (), max_length=20, description="With disk_below: only file systems mounted there. Default: all."
    )
    memory_below: float | None = Field(None, gt=0, le=1, description="Memory in use must be below this share.")
    cpu_below: float | None = Field(None, gt=0, le=1, description="The processors must be less busy than this.")
    over: Duration = Field(1.0, gt=0, le=60, description="With cpu_below: measure over this time, at most 1m.")

    @model_validator(mode="after")
    def _something(self) -> CheckParameters:
        if self.disk_below is None and self.memory_below is None and self.cpu_below is None:
            raise ValueError("give at least one of disk_below, memory_below and cpu_below")
        if self.mounts and self.disk_below is None:
            raise ValueError("mounts go with disk_below")
        return self


class HostCheckOutputs(CheckOutputs):
    """Whether all of it holds."""

    holds: bool = Field(description="Whether all that was asked for holds; false when the machine does not answer.")
    reason: str = Field("", description="Why, in a sentence.")
    disk_share: float | None = Field(None, description="How full the fullest file system is that was asked about.")
    memory_share: float | None = Field(None, description="Memory in use, by all.")
    cpu_share: float | None = Field(None, description="How busy the processors were.")


async def perform(p: CheckParameters, context: Context) -> HostCheckOutputs:
    """Ask for what is compared."""
    try:
        async with machine_of(p.connection, context) as machine:
            full = await disks(machine) if p.disk_below is not None else []
            used = await memory(machine) if p.memory_below is not None else None
            busy = await cpu_use(machine, p.over) if p.cpu_below is not None else None
    except ActionError as error:
        return HostCheckOutputs(holds=False, reason=str(error))
    full = [disk for disk in full if not p.mounts or disk.mount in p.mounts]
    wrong = list(_wrong(p, full, used, busy))
    return HostCheckOutputs(
        holds=not wrong,
        reason="; ".join(wrong) or "all that was asked for holds",
        disk_share=full[0].used_share if full else None,
        memory_share=used.used_share if used else None,
        cpu_share=busy.busy if busy else None,
    )


def _wrong(p: CheckParameters, full: list[Disk], used: Memory | None, busy: CpuUse | None) -> Iterator[str]:
    if p.disk_below is not None:
        missing = [mount for mount in p.mounts if mount not in {disk.mount for disk in full}]
        if missing or not full:
            yield f"no file system is mounted at {', '.join(missing) or '/'}"
        for disk in full[:3]:
            if disk.used_share >= p.disk_below:
                yield f"{disk.mount} is {disk.used_share:.1%} full, not below {p.disk_below:.1%}"
    if p.memory_below is not None and used is not None and used.used_share >= p.memory_below:
        yield f"{used.used_share:.1%} of memory are in use, not below {p.memory_below:.1%}"
    if p.cpu_below is not None and busy is not None and busy.busy >= p.cpu_below:
        yield f"the processors are {busy.busy:.1%} busy, not below {p.cpu_below:.1%}"


ACTION: Action[CheckParameters, HostCheckOutputs] = Action(
    name="host.check",
    summary="Compares a machine's disks, memory and processors with limits.",
    parameters=CheckParameters,
    outputs=HostCheckOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _: (
        Permission("run", "df"),
        Permission("read", "/proc/meminfo"),
        Permission("read", "/proc/stat"),
    ),
)
