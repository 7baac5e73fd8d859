"""``redis.delete_keys``: deletes keys by their exact names, or all that match a pattern that the site lists.

Only what a listed pattern covers, and never more than ``max``: where more would match, nothing is
deleted. Deleting twice equals deleting once.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from remediator.actions.context import Context
from remediator.actions.redis.connection import KEY_LIMIT, Connection, RedisParameters, backend, runs, targets
from remediator.actions.redis.scan import Walk, pages, shown
from remediator.actions.redis.server import Server, server_of
from remediator.actions.redis.unlink import unlink
from remediator.core.action import Action, Intent, Outputs
from remediator.core.durations import Duration, show_duration
from remediator.errors import PermanentError

_SAMPLE = 10
_EVERYTHING = 10**12  #: keys; the walk is bounded by its time

Key = Annotated[str, StringConstraints(min_length=1, max_length=KEY_LIMIT)]


class DeleteKeysParameters(RedisParameters):
    """Which keys, and how many at most."""

    keys: tuple[Key, ...] = Field(
        (), max_length=100, description="Exact names; a listed pattern must cover each. Instead of pattern."
    )
    pattern: str = Field("", max_length=KEY_LIMIT, description="One of the connection's key_patterns, as it is listed.")
    max: int = Field(1000, ge=1, le=100_000, description="With pattern: where more keys match, none is deleted.")
    within: Duration = Field(
        10.0, gt=0, le=60,
        description="With pattern: time to look through all keys; if that is not enough, none is deleted.",
    )  # fmt: skip

    @model_validator(mode="after")
    def _one(self) -> DeleteKeysParameters:
        if bool(self.keys) == bool(self.pattern):
            raise ValueError("give one of keys and pattern")
        for key in self.keys:
            if not key.isprintable():
                raise ValueError("a key's name has only printable characters")
        return self


class DeleteKeysOutputs(Outputs):
    """What became of it."""

    deleted: int = Field(description="Keys that were there and are deleted.")
    matched: int = Field(description="Keys that were to be deleted.")
    sample: list[str] = Field(description="Names of some of them, 10 at most.")


async def perform(p: DeleteKeysParameters, context: Context) -> DeleteKeysOutputs:
    """Find them, then delete them."""
    connection, server = server_of(p.connection, context)
    named = _named(connection, p)
    async with server:
        keys = named or await _matching(server, p)
        deleted = await unlink(server, keys)
    return DeleteKeysOutputs(deleted=deleted, matched=len(keys), sample=_sample(keys))


async def happened(intent: Intent[DeleteKeysParameters], context: Context) -> bool | None:
    """Whether they are gone; None when some are there (they may have come back)."""
    connection, server = server_of(intent.parameters.connection, context)
    named = _named(connection, intent.parameters)
    async with server:
        keys = await _existing(server, named) if named else await _matching(server, intent.parameters)
    return None if keys else True


async def preview(p: DeleteKeysParameters, context: Context) -> str:
    """Say how many there are, and some of their names."""
    connection, server = server_of(p.connection, context)
    named = _named(connection, p)
    async with server:
        keys = await _existing(server, named) if named else await _matching(server, p)
    what = f"that match {p.pattern}" if p.pattern else f"of {len(named)} named"
    some = f": {', '.join(_sample(keys))}" if keys else ""
    return f"UNLINK {len(keys)} keys {what}, in database {connection.db} of {server.place}{some}"


def _named(connection: Connection, p: DeleteKeysParameters) -> list[bytes]:
    """Return the exact names; none with a pattern. PermanentError for what no listed pattern covers."""
    if p.pattern and p.pattern not in connection.key_patterns:
        raise PermanentError(f'connections.redis.{p.connection} does not list "{p.pattern}" under key_patterns')
    keys = list(dict.fromkeys(key.encode() for key in p.keys))
    for key in keys:
        if not connection.may_delete(key):
            raise PermanentError(
                f'no pattern under connections.redis.{p.connection}.key_patterns covers "{shown(key)}"'
            )
    return keys


async def _matching(server: Server, p: DeleteKeysParameters) -> list[bytes]:
    """Return all keys that match the pattern. PermanentError when they are too many, or not all were seen."""
    found, walk = dict[bytes, None](), Walk(_EVERYTHING, p.within)
    async for page in pages(server, walk, p.pattern):
        found |= dict.fromkeys(page)
        if len(found) > p.max:
            raise PermanentError(f"more than {p.max} keys match {p.pattern}; none is deleted")
    if not walk.complete:
        raise PermanentError(
            f"looking for {p.pattern} through all keys takes longer than {show_duration(p.within)}; none is deleted"
        )
    return sorted(found)


async def _existing(server: Server, keys: list[bytes]) -> list[bytes]:
    answers = await server.ask_each([("EXISTS", key) for key in keys])
    return [key for key, answer in zip(keys, answers, strict=True) if answer]


def _sample(keys: list[bytes]) -> list[str]:
    return [shown(key) for key in keys[:_SAMPLE]]


ACTION: Action[DeleteKeysParameters, DeleteKeysOutputs] = Action(
    name="redis.delete_keys",
    summary="Deletes keys of Redis or Valkey: by exact names, or all that match a listed pattern, up to a maximum.",
    parameters=DeleteKeysParameters,
    outputs=DeleteKeysOutputs,
    perform=perform,
    backend=backend,
    changes=True,
    targets=targets,
    happened=happened,
    preview=preview,
    amounts=lambda p: {"keys": len(p.keys) or p.max},
    permissions=lambda _: runs("SCAN", "EXISTS", "UNLINK", keys="%RW~ each of key_patterns"),
)
