"""``network.tcp``: does something accept connections, and how long does that take.

That nobody listens is what it is there to find out, and no error. The name is resolved first and on its
own clock: a slow resolver is not a slow service.
"""

from __future__ import annotations

import asyncio
from time import perf_counter

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.network.place import PortParameters, backend, entry_of, port_of, resolve
from remediator.core.action import Action, CheckOutputs
from remediator.core.durations import Duration, show_duration

_ADDRESSES = 4  #: of a name that are tried, one after the other


class TcpParameters(PortParameters):
    """Where to connect to, and how fast it must be."""

    timeout: Duration = Field(3.0, gt=0, le=60, description="How long to wait for the name, and for each address.")
    latency_below: Duration | None = Field(None, description="The connection must be there within this time.")


class TcpOutputs(CheckOutputs):
    """Whether somebody listens."""

    holds: bool = Field(description="Whether the connection was accepted, in time if that was asked for.")
    reason: str = Field("", description="Why, in a sentence.")
    status: str = Field(description='"connected", "refused", "timeout", "unreachable" or "unresolved".')
    address: str = Field("", description="The address that accepted, or was tried last.")
    addresses: list[str] = Field([], description="What the name resolves to.")
    resolve_ms: float | None = Field(None, description="Milliseconds until the name was resolved.")
    connect_ms: float | None = Field(None, description="Milliseconds until the connection was accepted; none without.")


async def perform(p: TcpParameters, context: Context) -> TcpOutputs:
    """Connect and close again. Never raises for what is found."""
    entry = entry_of(p, context)
    port = port_of(entry)
    place = f"{entry.host}:{port}"
    try:
        async with asyncio.timeout(p.timeout):
            found = await resolve(entry.host)
    except TimeoutError:
        return TcpOutputs(holds=False, status="unresolved", reason=f"{entry.host} does not resolve: no answer")
    if not found.addresses:
        why = f"{entry.host} does not resolve: {found.failure}"
        return TcpOutputs(holds=False, status="unresolved", reason=why, resolve_ms=round(found.milliseconds, 3))
    status, address, taken = "unreachable", "", None
    for address in found.addresses[:_ADDRESSES]:
        status, taken = await _connect(address, port, p.timeout)
        if taken is not None:
            break
    slow = taken is not None and p.latency_below is not None and taken >= p.latency_below * 1000
    return TcpOutputs(
        holds=taken is not None and not slow,
        reason=_reason(place, status, taken, p.latency_below if slow else None),
        status=status,
        address=address,
        addresses=list(found.addresses),
        resolve_ms=round(found.milliseconds, 3),
        connect_ms=None if taken is None else round(taken, 3),
    )


async def _connect(address: str, port: int, timeout: float) -> tuple[str, float | None]:  # noqa: ASYNC109 -- a question about the backend
    """Return the status, and milliseconds if it accepted."""
    began = perf_counter()
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(address, port)
    except TimeoutError:
        return "timeout", None
    except ConnectionRefusedError:
        return "refused", None
    except OSError:
        return "unreachable", None
    taken = (perf_counter() - began) * 1000
    writer.close()
    return "connected", taken


def _reason(place: str, status: str, taken: float | None, limit: float | None) -> str:
    if taken is None:
        words = {"refused": "refuses connections: nobody listens there", "timeout": "does not answer in time"}
        return f"{place} {words.get(status, 'cannot be reached')}"
    late = f", not in less than {show_duration(limit)}" if limit is not None else ""
    return f"{place} accepts in {taken:.1f} ms{late}"


ACTION: Action[TcpParameters, TcpOutputs] = Action(
    name="network.tcp",
    summary="Looks whether something accepts connections at a host and port, and how fast.",
    parameters=TcpParameters,
    outputs=TcpOutputs,
    perform=perform,
    backend=backend,
)
