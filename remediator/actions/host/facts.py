"""Asks a machine for its facts."""

from __future__ import annotations

import asyncio
import re
from typing import NamedTuple

from remediator.actions.answers.machine import Machine
from remediator.actions.host import proc
from remediator.errors import PermanentError

_DF = ("df", "--block-size=1", "--local", "--output=fstype,size,used,avail,itotal,iavail,target")
_DF_FIELDS = 7
#: Not places where anything can be freed, or always full by design.
_NO_DISKS = frozenset({"tmpfs", "devtmpfs", "squashfs", "iso9660", "efivarfs", "ramfs", "proc", "sysfs", "cgroup2"})
_STATS = (
    "find", "/proc", "-mindepth", "2", "-maxdepth", "2", "-path", "/proc/[0-9]*/stat", "-exec", "cat", "{}", "+",
)  # fmt: skip
_SOCKETS = (
    "find", "/proc", "-mindepth", "3", "-maxdepth", "3", "-path", "/proc/[0-9]*/fd/*", "-lname", "socket:*",
    "-printf", "%p %l\\n",
)  # fmt: skip
_SOCKET = re.compile(r"^/proc/([0-9]{1,10})/fd/[0-9]+ socket:\[([0-9]{1,20})\]$", re.ASCII | re.MULTILINE)
_DISKS = 100


class Disk(NamedTuple):
    """One file system."""

    mount: str
    kind: str
    size: int
    used: int
    free: int  #: what one who is not root may still use
    files: int  #: inodes; 0 where it has no such limit
    free_files: int

    @property
    def used_share(self) -> float:
        """Used by usable, as df shows it: what is kept for root does not count as free."""
        return self.used / (self.used + self.free) if self.used + self.free else 0.0

    @property
    def files_share(self) -> float | None:
        """Inodes used by all; None where there is no such limit."""
        return 1 - self.free_files / self.files if self.files else None


class Memory(NamedTuple):
    """Memory, in bytes."""

    total: int
    available: int  #: the kernel's own estimate of what programs can still have
    swap_total: int
    swap_free: int

    @property
    def used_share(self) -> float:
        """What is not available, by all."""
        return 1 - self.available / self.total


class CpuUse(NamedTuple):
    """Shares of all processors' time."""

    busy: float
    waiting: float
    stolen: float
    processors: int
    ticks: int  #: of all processors together


async def disks(machine: Machine) -> list[Disk]:
    """Return the local file systems, the fullest first."""
    ran = await machine.run(_DF)
    found = []
    for line in ran.output.decode(errors="replace").splitlines()[1:]:
        fields = line.split(maxsplit=_DF_FIELDS - 1)
        if len(fields) == _DF_FIELDS and fields[0] not in _NO_DISKS:
            size, used, free, files, free_files = (int(f) if f.isdecimal() and f.isascii() else 0 for f in fields[1:6])
            if size:
                found.append(Disk(fields[6][:200], fields[0], size, used, free, files, free_files))
    if not found and ran.code:
        raise PermanentError(f"df failed on {machine.place}: {ran.errors}")
    return sorted(found, key=lambda disk: -disk.used_share)[:_DISKS]


async def memory(machine: Machine) -> Memory:
    """Return how much memory there is."""
    said = proc.meminfo(await machine.read("/proc/meminfo"))
    total, available = said.get("MemTotal", 0), said.get("MemAvailable")
    if not total or available is None:
        raise PermanentError(f"/proc/meminfo of {machine.place} cannot be read")
    return Memory(total, min(available, total), said.get("SwapTotal", 0), said.get("SwapFree", 0))


async def cpu_ticks(machine: Machine) -> proc.Cpu:
    """Return the ticks so far."""
    said = proc.cpu(await machine.read("/proc/stat"))
    if said is None:
        raise PermanentError(f"/proc/stat of {machine.place} cannot be read")
    return said


async def cpu_use(machine: Machine, seconds: float) -> CpuUse:
    """Return how the processors' time went in the next seconds."""
    before = await cpu_ticks(machine)
    await asyncio.sleep(seconds)
    return between(before, await cpu_ticks(machine))


def between(before: proc.Cpu, after: proc.Cpu) -> CpuUse:
    """Return shares of the time between two looks; nothing counted: idle."""
    ticks = after.total - before.total
    if ticks <= 0:
        return CpuUse(0.0, 0.0, 0.0, after.processors, 0)
    # The kernel's idle and iowait counters may step back by a little.
    idle, waiting, stolen = (
        min(max((new - old) / ticks, 0.0), 1.0)
        for old, new in zip(before[1:4], after[1:4], strict=True)
    )  # fmt: skip
    return CpuUse(1 - idle, waiting, stolen, after.processors, ticks)


async def processes(machine: Machine) -> dict[int, proc.Process]:
    """Return all processes by pid."""
    ran = await machine.run(_STATS)  # its exit code tells of those that ended meanwhile
    lines = ran.output.decode(errors="replace").splitlines()
    return {found.pid: found for line in lines if (found := proc.process(line))}


async def holders(machine: Machine) -> dict[int, int]:
    """Return which process holds a socket, by inode: those that we may see (root: all)."""
    ran = await machine.run(_SOCKETS)
    return {int(inode): int(pid) for pid, inode in _SOCKET.findall(ran.output.decode(errors="replace"))}


async def page_size(machine: Machine) -> int:
    """Return the bytes of a page of memory."""
    said = (await machine.run(("getconf", "PAGESIZE"))).output.strip()
    return int(said) if said.isdigit() else 4096
