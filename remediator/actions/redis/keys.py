"""``redis.keys``: what is stored, by the beginning of the keys' names. A bounded sample; values are never read."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from remediator.actions.context import Context
from remediator.actions.redis.connection import RedisParameters, backend, runs
from remediator.actions.redis.prefixes import OTHERS, Prefix, by_prefix
from remediator.actions.redis.scan import Walk
from remediator.actions.redis.server import opened
from remediator.core.action import Action, Outputs
from remediator.core.durations import Duration


class KeysParameters(RedisParameters):
    """How names are cut, and how much is looked at."""

    separator: str = Field(":", min_length=1, max_length=8, description="What separates the parts of a key's name.")
    depth: int = Field(1, ge=1, le=4, description="How many parts make a prefix.")
    sample: int = Field(20_000, ge=1, le=200_000, description="Keys to look at, at most.")
    within: Duration = Field(3.0, gt=0, le=60, description="Time to look at them, at most 1m.")
    top: int = Field(20, ge=1, le=100, description="Prefixes to tell; the others are added up.")


class PrefixLine(BaseModel):
    """The keys whose names begin alike."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    prefix: str = Field(description="How the names begin; empty: names without a separator.")
    keys: int = Field(description="Keys, estimated for the whole database.")
    bytes: int = Field(description="Bytes that they take, estimated for the whole database.")


class KeysOutputs(Outputs):
    """What the database holds."""

    keys: int = Field(description="Keys in the database.")
    looked_at: int = Field(description="Keys in the sample.")
    complete: bool = Field(description="Whether the sample is the whole database; then the counts are exact.")
    prefixes: list[PrefixLine] = Field(description="The prefixes, those that take most memory first.")


async def perform(parameters: KeysParameters, context: Context) -> KeysOutputs:
    """Walk over keys with SCAN, and ask MEMORY USAGE of at most 20 a prefix."""
    walk = Walk(parameters.sample, parameters.within)
    async with opened(parameters.connection, context) as server:
        total, prefixes = await by_prefix(server, walk, parameters.separator, parameters.depth)
    return KeysOutputs(
        keys=total,
        looked_at=sum(prefix.seen for prefix in prefixes),
        complete=walk.complete,
        prefixes=lines(prefixes, parameters.top),
    )


def lines(prefixes: list[Prefix], top: int) -> list[PrefixLine]:
    """Return the first ``top`` prefixes, and the others added up."""
    made = [PrefixLine(prefix=each.name, keys=each.keys, bytes=each.bytes) for each in prefixes[:top]]
    if rest := prefixes[top:]:
        keys, size = sum(each.keys for each in rest), sum(each.bytes for each in rest)
        made.append(PrefixLine(prefix=OTHERS, keys=keys, bytes=size))
    return made


ACTION: Action[KeysParameters, KeysOutputs] = Action(
    name="redis.keys",
    summary="Tells what a Redis or Valkey database holds: keys and estimated bytes by prefix.",
    parameters=KeysParameters,
    outputs=KeysOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _: runs("DBSIZE", "SCAN", "MEMORY USAGE", keys="%R~*"),
)
