"""``redis.big_keys``: the keys that take most memory. Bounded; values are never read."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from remediator.actions.context import Context
from remediator.actions.redis.connection import KeyPattern, RedisParameters, backend, runs
from remediator.actions.redis.largest import largest
from remediator.actions.redis.scan import Walk, shown
from remediator.actions.redis.server import opened, words
from remediator.core.action import Action, Outputs
from remediator.core.durations import Duration


class BigKeysParameters(RedisParameters):
    """Which keys to look at, and how many to tell."""

    pattern: KeyPattern | None = Field(None, description="Only keys with such names; * any characters, ? one byte.")
    min_bytes: int = Field(1_048_576, ge=1, description="Only keys of at least so many bytes.")
    top: int = Field(20, ge=1, le=100, description="Keys to tell, the largest first.")
    sample: int = Field(50_000, ge=1, le=500_000, description="Keys to look at, at most.")
    within: Duration = Field(5.0, gt=0, le=60, description="Time to look at them, at most 1m.")


class BigKey(BaseModel):
    """One large key."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    key: str = Field(description="Its name, 120 characters at most.")
    bytes: int = Field(description="Bytes that it takes; an estimate for large collections.")
    type: str = Field(description='What it is: "string", "hash", "list", "set", "zset", "stream".')
    ttl_seconds: int | None = Field(description="Seconds until it expires; none when it never does.")


class BigKeysOutputs(Outputs):
    """The largest keys seen."""

    keys: list[BigKey] = Field(description="The largest first.")
    largest_bytes: int = Field(description="Bytes of the largest; 0 when there is none.")
    complete: bool = Field(description="Whether the whole database was looked at.")


async def perform(parameters: BigKeysParameters, context: Context) -> BigKeysOutputs:
    """Walk over keys, measure each, keep the largest."""
    p, walk = parameters, Walk(parameters.sample, parameters.within)
    async with opened(p.connection, context) as server:
        found = await largest(server, walk, pattern=p.pattern or "", min_bytes=p.min_bytes, top=p.top)
        asked = [(command, key) for _, key in found for command in ("TYPE", "TTL")]
        said = await server.ask_each(asked) if asked else []
    keys = [
        BigKey(
            key=shown(key), bytes=size, type=words(kind), ttl_seconds=ttl if isinstance(ttl, int) and ttl >= 0 else None
        )
        for (size, key), kind, ttl in zip(found, said[::2], said[1::2], strict=True)
    ]
    return BigKeysOutputs(keys=keys, largest_bytes=found[0][0] if found else 0, complete=walk.complete)


ACTION: Action[BigKeysParameters, BigKeysOutputs] = Action(
    name="redis.big_keys",
    summary="Finds the keys that take most memory in Redis or Valkey.",
    parameters=BigKeysParameters,
    outputs=BigKeysOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _: runs("SCAN", "MEMORY USAGE", "TYPE", "TTL", keys="%R~*"),
)
