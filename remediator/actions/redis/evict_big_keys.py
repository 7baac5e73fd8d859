"""``redis.evict_big_keys``: deletes the largest keys that match a listed pattern.

Which keys they are is found before anything is journalled, so a repeated step deletes no others. A key
that has shrunk in between stays.
"""

from __future__ import annotations

from pydantic import Field, field_validator

from remediator.actions.context import Context
from remediator.actions.redis.connection import KEY_LIMIT, Connection, RedisParameters, backend, fits, runs, targets
from remediator.actions.redis.largest import largest
from remediator.actions.redis.scan import Walk, memory, shown
from remediator.actions.redis.server import Server, server_of
from remediator.actions.redis.sizes import show
from remediator.actions.redis.unlink import unlink
from remediator.core.action import Action, Intent, Outputs
from remediator.core.durations import Duration
from remediator.errors import PermanentError

_NAMES = 100


class EvictParameters(RedisParameters):
    """Which keys, how large, and how many at most."""

    pattern: str = Field(max_length=KEY_LIMIT, description="One of the connection's key_patterns, as it is listed.")
    min_bytes: int = Field(
        10 * 1024 * 1024, ge=1024, description="Only keys of at least so many bytes; default 10 MiB."
    )
    max: int = Field(10, ge=1, le=_NAMES, description="Keys to delete at most, the largest first.")
    sample: int = Field(50_000, ge=1, le=500_000, description="Keys to look at, at most.")
    within: Duration = Field(5.0, gt=0, le=60, description="Time to look at them, at most 1m.")
    keys: tuple[str, ...] | None = Field(
        None, max_length=_NAMES, description="Filled in when the step begins: the keys that were found."
    )

    @field_validator("keys")
    @classmethod
    def _short(cls, keys: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if any(not key or len(key) > KEY_LIMIT for key in keys or ()):
            raise ValueError(f"a key's name has 1 to {KEY_LIMIT} characters")
        return keys


class EvictOutputs(Outputs):
    """What became of it."""

    deleted: int = Field(description="Keys that are deleted.")
    freed_bytes: int = Field(description="Bytes that they took, estimated.")
    keys: list[str] = Field(description="Their names, 120 characters of each.")


async def perform(p: EvictParameters, context: Context) -> EvictOutputs:
    """Delete those found that are still as large."""
    connection, server = server_of(p.connection, context)
    _listed(connection, p)
    async with server:
        if p.keys is None:
            found = await _find(server, p)
        else:
            keys = [key.encode() for key in p.keys if fits(p.pattern, key.encode())]
            sizes = zip(await memory(server, keys) if keys else [], keys, strict=True)
            found = [(size, key) for size, key in sizes if size >= p.min_bytes]
        found = found[: p.max]
        deleted = await unlink(server, [key for _, key in found])
    return EvictOutputs(deleted=deleted, freed_bytes=sum(size for size, _ in found), keys=[shown(k) for _, k in found])


async def resolve(p: EvictParameters, context: Context) -> Intent[EvictParameters]:
    """Find the keys and fix them by name."""
    connection, server = server_of(p.connection, context)
    _listed(connection, p)
    async with server:
        found = await _find(server, p)
    names = tuple(sorted(key.decode() for _, key in found))
    return Intent(p.model_copy(update={"keys": names}), {"keys": list(names)})


async def happened(intent: Intent[EvictParameters], context: Context) -> bool | None:
    """Whether those fixed are gone; None when one is there: it may have come back."""
    p = intent.parameters
    _, server = server_of(p.connection, context)
    async with server:
        there = await server.ask_each([("EXISTS", key) for key in p.keys]) if p.keys else []
    return None if p.keys is None or any(there) else True


async def preview(p: EvictParameters, context: Context) -> str:
    """Say which keys, and what they take."""
    connection, server = server_of(p.connection, context)
    _listed(connection, p)
    async with server:
        found = await _find(server, p)
    lines = [f"UNLINK {len(found)} keys, {show(sum(size for size, _ in found))}, in database {connection.db}"]
    lines += [f"{shown(key)}: {show(size)}" for size, key in found]
    return "\n".join(lines)


def _listed(connection: Connection, p: EvictParameters) -> None:
    if p.pattern not in connection.key_patterns:
        raise PermanentError(f'connections.redis.{p.connection} does not list "{p.pattern}" under key_patterns')


async def _find(server: Server, p: EvictParameters) -> list[tuple[int, bytes]]:
    walk = Walk(p.sample, p.within)
    found = await largest(server, walk, pattern=p.pattern, min_bytes=p.min_bytes, top=p.max)
    return [(size, key) for size, key in found if _is_name(key)]


def _is_name(key: bytes) -> bool:
    """Whether a key's name can be written into the journal as text and read back."""
    try:
        return key.decode().isprintable() and 0 < len(key.decode()) <= KEY_LIMIT
    except UnicodeDecodeError:
        return False


ACTION: Action[EvictParameters, EvictOutputs] = Action(
    name="redis.evict_big_keys",
    summary="Deletes the largest keys of Redis or Valkey that match a listed pattern, up to a maximum.",
    parameters=EvictParameters,
    outputs=EvictOutputs,
    perform=perform,
    backend=backend,
    changes=True,
    # Unless it was resolved, a second time would delete the next largest.
    idempotent=lambda p: p.keys is not None,
    targets=targets,
    resolve=resolve,
    happened=happened,
    preview=preview,
    amounts=lambda p: {"keys": p.max if p.keys is None else len(p.keys)},
    permissions=lambda _: runs("SCAN", "MEMORY USAGE", "EXISTS", "UNLINK", keys="%R~*, and %RW~ each of key_patterns"),
)
