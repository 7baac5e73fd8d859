"""``host.disk``: how full the local file systems are."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from remediator.actions.answers.machine import machine_of
from remediator.actions.context import Context
from remediator.actions.host.connection import HostParameters, backend
from remediator.actions.host.facts import Disk, disks
from remediator.core.action import Action, Outputs, Permission

_KEPT = 20


class DiskParameters(HostParameters):
    """Which machine."""


class FileSystem(BaseModel):
    """One file system."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    mount: str = Field(description="Where it is mounted.")
    kind: str = Field(description='Such as "ext4".')
    size_bytes: int = Field(description="Its size.")
    free_bytes: int = Field(description="What one who is not root may still use.")
    used_share: float = Field(description="How full it is, as df shows it; 0.9 is 90 %.")
    files_share: float | None = Field(description="Inodes used by all; none where there is no such limit.")


class DiskOutputs(Outputs):
    """The file systems. Remote ones and those in memory are left out."""

    fullest: str = Field(description="Where the fullest is mounted; empty without any.")
    used_share: float | None = Field(description="How full that is; none without any.")
    free_bytes: int | None = Field(description="What is free there; none without any.")
    disks: list[FileSystem] = Field(description="The fullest first, 20 at most.")


async def perform(p: DiskParameters, context: Context) -> DiskOutputs:
    """Ask once."""
    async with machine_of(p.connection, context) as machine:
        found = await disks(machine)
    first = found[0] if found else None
    return DiskOutputs(
        fullest=first.mount if first else "",
        used_share=first.used_share if first else None,
        free_bytes=first.free if first else None,
        disks=[_shown(disk) for disk in found[:_KEPT]],
    )


def _shown(disk: Disk) -> FileSystem:
    return FileSystem(
        mount=disk.mount, kind=disk.kind, size_bytes=disk.size, free_bytes=disk.free,
        used_share=disk.used_share, files_share=disk.files_share,
    )  # fmt: skip


ACTION: Action[DiskParameters, DiskOutputs] = Action(
    name="host.disk",
    summary="Tells how full a machine's local file systems are.",
    parameters=DiskParameters,
    outputs=DiskOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _: (Permission("run", "df"),),
)
