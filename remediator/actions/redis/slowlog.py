"""``redis.slowlog``: commands that took long. Which command on which key; never the values that it carried."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from remediator.actions.context import Context
from remediator.actions.redis.connection import RedisParameters, backend, runs
from remediator.actions.redis.scan import shown
from remediator.actions.redis.server import items, opened, whole, words
from remediator.core.action import Action, Outputs

_FIELDS = 4  #: id, time, microseconds, arguments; an address and a client's name follow since Redis 4
_LATEST = 253_402_300_799  #: the last second of the year 9999
#: Commands whose first argument is a key, or a pattern of keys. Of others it may be a script or a secret.
_KEYED = frozenset({
    "append", "dbsize", "decr", "decrby", "del", "exists", "expire", "get", "getdel", "getex", "getset", "hdel", "hget",
    "hgetall", "hincrby", "hkeys", "hmget", "hmset", "hscan", "hset", "hvals", "incr", "incrby", "keys", "lindex",
    "linsert", "llen", "lpop", "lpush", "lrange", "lrem", "lset", "ltrim", "mget", "pexpire", "psetex", "rename",
    "rpop", "rpush", "sadd", "scard", "sdiff", "set", "setex", "setnx", "setrange", "sinter", "smembers", "sort",
    "spop", "srem", "sscan", "sunion", "touch", "ttl", "type", "unlink", "xadd", "xlen", "xrange", "xrevrange", "zadd",
    "zcard", "zcount", "zrange", "zrangebyscore", "zrem", "zremrangebyscore", "zrevrange", "zscan", "zscore",
})  # fmt: skip


class SlowlogParameters(RedisParameters):
    """How many to tell."""

    max: int = Field(20, ge=1, le=128, description="Entries to read, newest first.")


class SlowCommand(BaseModel):
    """One slow command."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    at: str = Field(description="When it ended, in UTC (ISO 8601).")
    milliseconds: float = Field(description="How long it kept the server busy.")
    command: str = Field(description="The command's name.")
    key: str = Field(description="The first key or pattern that it named; empty where that is not sure.")
    arguments: int = Field(description="How many arguments it had.")
    client: str = Field(description="Address of the client that sent it.")


class SlowlogOutputs(Outputs):
    """The slow log."""

    length: int = Field(description="Entries that the server keeps now.")
    slowest_ms: float = Field(description="The longest of those read; 0 when there are none.")
    commands: dict[str, int] = Field(description="How often each command is among those read.")
    entries: list[SlowCommand] = Field(description="Those read, newest first.")


async def perform(parameters: SlowlogParameters, context: Context) -> SlowlogOutputs:
    """Ask SLOWLOG LEN and GET."""
    async with opened(parameters.connection, context) as server:
        length = whole(await server.ask("SLOWLOG", "LEN"))
        answer = items(await server.ask("SLOWLOG", "GET", parameters.max))
    entries = [entry for raw in answer[: parameters.max] if (entry := _entry(items(raw)))]
    return SlowlogOutputs(
        length=length,
        slowest_ms=max((entry.milliseconds for entry in entries), default=0.0),
        commands=dict(Counter(entry.command for entry in entries).most_common()),
        entries=entries,
    )


def _entry(raw: list[Any]) -> SlowCommand | None:
    if len(raw) < _FIELDS or not items(raw[3]):
        return None
    command, *arguments = items(raw[3])
    name = words(command).lower()
    key = shown(arguments[0]) if name in _KEYED and arguments and isinstance(arguments[0], bytes) else ""
    return SlowCommand(
        at=moment(whole(raw[1])),
        milliseconds=whole(raw[2]) / 1000,
        command=name,
        key=key,
        arguments=len(arguments),
        client=words(raw[_FIELDS]) if len(raw) > _FIELDS else "",
    )


def moment(seconds: int) -> str:
    """Return seconds since 1970 as text."""
    return datetime.fromtimestamp(min(max(seconds, 0), _LATEST), UTC).isoformat()


ACTION: Action[SlowlogParameters, SlowlogOutputs] = Action(
    name="redis.slowlog",
    summary="Reads the slow log of Redis or Valkey: which commands on which keys took how long.",
    parameters=SlowlogParameters,
    outputs=SlowlogOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _: runs("SLOWLOG LEN", "SLOWLOG GET"),
)
