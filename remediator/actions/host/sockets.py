"""``host.sockets``: what listens, and which process holds a port."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from remediator.actions.answers.machine import Machine, machine_of
from remediator.actions.context import Context
from remediator.actions.host import proc
from remediator.actions.host.connection import HostParameters, backend
from remediator.actions.host.facts import holders, processes
from remediator.core.action import Action, Outputs, Permission
from remediator.errors import PermanentError

_KEPT = 50


class SocketsParameters(HostParameters):
    """Which sockets."""

    port: int | None = Field(None, ge=1, le=65_535, description="Only this port.")
    udp: bool = Field(False, description="UDP sockets, too.")


class ListeningSocket(BaseModel):
    """One socket that waits for others."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    protocol: str = Field(description='"tcp", "tcp6", "udp" or "udp6".')
    address: str = Field(description='The address that it listens on; "0.0.0.0" and "::" are all.')
    port: int = Field(description="The port.")
    pid: int | None = Field(description="The process that holds it; none when we may not see it (root may).")
    process: str = Field(description="That process' name; empty when it is not known.")


class SocketsOutputs(Outputs):
    """What listens."""

    held: bool = Field(description="Whether there is such a socket.")
    holder: str = Field(description="Name of the process that holds the first; empty when it is not known.")
    count: int = Field(description="How many there are.")
    sockets: list[ListeningSocket] = Field(description="By port, 50 at most.")


async def perform(p: SocketsParameters, context: Context) -> SocketsOutputs:
    """Ask once."""
    async with machine_of(p.connection, context) as machine:
        found: list[proc.Listening] = []
        for protocol in ("tcp", "tcp6", *(("udp", "udp6") if p.udp else ())):
            found += proc.listening(protocol, await _table(machine, protocol))
        found = sorted((one for one in found if p.port in {None, one.port}), key=lambda one: (one.port, one.protocol))
        holding = await holders(machine) if found else {}
        running = await processes(machine) if holding else {}
    sockets = []
    for one in found:
        pid = holding.get(one.inode)
        name = running[pid].name if pid in running else ""
        sockets.append(
            ListeningSocket(protocol=one.protocol, address=one.address, port=one.port, pid=pid, process=name)
        )
    return SocketsOutputs(
        held=bool(sockets),
        holder=next((one.process for one in sockets if one.process), ""),
        count=len(sockets),
        sockets=sockets[:_KEPT],
    )


async def _table(machine: Machine, protocol: str) -> str:
    try:
        return await machine.read(f"/proc/net/{protocol}")
    except PermanentError:
        if protocol.endswith("6"):  # a kernel without IPv6
            return ""
        raise


ACTION: Action[SocketsParameters, SocketsOutputs] = Action(
    name="host.sockets",
    summary="Tells what listens on a machine, and which process holds a port.",
    parameters=SocketsParameters,
    outputs=SocketsOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _: (Permission("read", "/proc/net/tcp"), Permission("run", "find (over /proc)")),
)
