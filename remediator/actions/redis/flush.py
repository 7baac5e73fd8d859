"""``redis.flush``: empties a database. Always after an approval, and only where the site says ``may_flush``.

It is done once: what was written after it must not be lost to a repetition.
"""

from __future__ import annotations

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.redis.connection import Connection, RedisParameters, backend, runs, targets
from remediator.actions.redis.keys import lines
from remediator.actions.redis.prefixes import by_prefix
from remediator.actions.redis.scan import Walk, count_of
from remediator.actions.redis.server import server_of
from remediator.actions.redis.sizes import show
from remediator.core.action import Action, Intent, Outputs
from remediator.errors import PermanentError

_SAMPLE, _SECONDS, _TOP = 20_000, 3.0, 10


class FlushParameters(RedisParameters):
    """Which database: that of the connection."""


class FlushOutputs(Outputs):
    """What became of it."""

    keys: int = Field(description="Keys that the database had.")


async def perform(p: FlushParameters, context: Context) -> FlushOutputs:
    """Ask FLUSHDB ASYNC."""
    connection, server = server_of(p.connection, context)
    _allowed(connection, p)
    async with server:
        keys = await count_of(server)
        await server.ask("FLUSHDB", "ASYNC", changes=True)
    return FlushOutputs(keys=keys)


async def happened(intent: Intent[FlushParameters], context: Context) -> bool | None:
    """Whether it is empty; None when there are keys: they may be new ones."""
    _, server = server_of(intent.parameters.connection, context)
    async with server:
        return None if await count_of(server) else True


async def preview(p: FlushParameters, context: Context) -> str:
    """Say what would be lost, by prefix."""
    connection, server = server_of(p.connection, context)
    _allowed(connection, p)
    async with server:
        total, prefixes = await by_prefix(server, Walk(_SAMPLE, _SECONDS), ":", 1)
    said = [f"FLUSHDB of database {connection.db} at {server.place}: {total} keys, and nothing brings them back"]
    said += [
        f"{line.prefix or '(no prefix)'}: {line.keys} keys, about {show(line.bytes)}" for line in lines(prefixes, _TOP)
    ]
    return "\n".join(said)


def _allowed(connection: Connection, p: FlushParameters) -> None:
    if not connection.may_flush:
        raise PermanentError(f"connections.redis.{p.connection} does not say may_flush: true")


ACTION: Action[FlushParameters, FlushOutputs] = Action(
    name="redis.flush",
    summary="Deletes all keys of a Redis or Valkey database, after an approval.",
    parameters=FlushParameters,
    outputs=FlushOutputs,
    perform=perform,
    backend=backend,
    changes=True,
    needs_approval=True,
    idempotent=lambda _: False,
    targets=targets,
    happened=happened,
    preview=preview,
    permissions=lambda _: runs("DBSIZE", "FLUSHDB", "SCAN", "MEMORY USAGE", keys="%R~*"),
)
