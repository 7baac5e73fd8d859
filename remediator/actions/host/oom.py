"""``host.oom``: what the kernel killed for want of memory, from its log and its counter."""

from __future__ import annotations

import math
import re

from pydantic import BaseModel, ConfigDict, Field

from remediator.actions.answers.machine import Machine, machine_of
from remediator.actions.context import Context
from remediator.actions.host.connection import HostParameters, backend
from remediator.core.action import Action, Outputs, Permission
from remediator.core.durations import Duration
from remediator.errors import PermanentError

#: mm/oom_kill.c, __oom_kill_process: "%s: Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, ..."
_KILLED = re.compile(
    r"(?P<why>(?:Memory cgroup o|O)ut of memory)[^:]*: Killed process (?P<pid>[0-9]{1,10}) \((?P<name>[^)]{0,64})\),?"
    r".{0,40}?total-vm:[0-9]+kB(?:, anon-rss:(?P<rss>[0-9]{1,15})kB)?",
    re.ASCII,
)
_COUNTER = re.compile(r"^oom_kill ([0-9]{1,20})$", re.ASCII | re.MULTILINE)
_AT = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.,]{8,18}(?:Z|[+-][0-9:]{4,5})?")
_LOG = 4 * 1024 * 1024
_KEPT = 20


class OomParameters(HostParameters):
    """How far to look back."""

    since: Duration = Field(86400.0, gt=0, description="Only what the log says of this time.")


class Killed(BaseModel):
    """One process that was killed."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    at: str = Field(description="When, as the log says it (ISO 8601); empty when it does not.")
    process: str = Field(description="The process' name.")
    pid: int = Field(description="Its id.")
    memory_bytes: int | None = Field(description="Memory of its own that it held.")
    cgroup: bool = Field(
        description="Whether its control group was full (its unit's or container's limit), not the machine."
    )


class OomOutputs(Outputs):
    """What was killed."""

    kills: int = Field(description="How many the log tells of, in the time asked about.")
    since_boot: int | None = Field(description="How many the kernel has counted since it started.")
    processes: list[Killed] = Field(description="The newest first, 20 at most.")
    unread: str = Field(description="Why the kernel's log could not be read; empty when it was.")


async def perform(p: OomParameters, context: Context) -> OomOutputs:
    """Read the counter, and the log if we may."""
    async with machine_of(p.connection, context) as machine:
        counted = _COUNTER.search(await machine.read("/proc/vmstat"))
        lines, unread = await _log(machine, p.since)
    found = kills(lines)
    return OomOutputs(
        kills=len(found), since_boot=int(counted[1]) if counted else None, processes=found[:_KEPT], unread=unread
    )


async def _log(machine: Machine, since: float) -> tuple[list[str], str]:
    """Return the lines, newest first, and why there are none. The journal, else the kernel's own buffer."""
    journal = (
        "journalctl", "--dmesg", "--quiet", "--no-pager", "--output=short-iso", "--reverse",
        f"--since=-{math.ceil(since)}s",
    )  # fmt: skip
    failure = ""
    for argv in (journal, ("dmesg", "--time-format=iso")):
        try:
            ran = await machine.run(argv, limit=_LOG)
        except PermanentError as error:
            failure = failure or str(error)
            continue
        lines = ran.output.decode(errors="replace").splitlines()
        if lines and not ran.code:
            return (lines if argv is journal else lines[::-1]), ""
        failure = failure or ran.errors or ("nothing in the kernel's log" if argv is not journal else "")
    return [], failure


def kills(lines: list[str]) -> list[Killed]:
    """Return what these lines of the kernel's log tell of."""
    found = []
    for line in lines:
        said = _KILLED.search(line[:1000])
        if said:
            at = _AT.match(line)
            found.append(
                Killed(
                    at=at[0] if at else "",
                    process=said["name"],
                    pid=int(said["pid"]),
                    memory_bytes=int(said["rss"]) * 1024 if said["rss"] else None,
                    cgroup=said["why"].startswith("Memory"),
                )
            )
    return found


ACTION: Action[OomParameters, OomOutputs] = Action(
    name="host.oom",
    summary="Tells what the kernel killed for want of memory.",
    parameters=OomParameters,
    outputs=OomOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _: (
        Permission("read", "/proc/vmstat"),
        Permission("run", "journalctl (group systemd-journal or adm)"),
    ),
)
