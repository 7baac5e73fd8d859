"""``redis.info``: memory, clients, statistics, replication and persistence, in numbers that conditions can ask."""

from __future__ import annotations

from pydantic import Field

from remediator.actions.answers.reading import excerpt
from remediator.actions.context import Context
from remediator.actions.redis.connection import RedisParameters, backend, runs
from remediator.actions.redis.facts import Facts, ask_facts, share
from remediator.actions.redis.server import server_of, whole
from remediator.core.action import Action, Outputs

_WORD = 64


class InfoParameters(RedisParameters):
    """Which server."""


class InfoOutputs(Outputs):
    """What INFO says; none where the server does not say it."""

    server: str = Field(description='"valkey" or "redis".')
    version: str = Field(description="Its version.")
    uptime_seconds: int | None = Field(description="Seconds since it started.")
    role: str = Field(description='"master" or "slave", in the server\'s own words.')
    replicas: int | None = Field(description="Replicas connected to it.")
    master_link: str = Field(description='Of a replica: "up" or "down"; else empty.')
    loading: bool = Field(description="Whether it still reads its data from disk.")
    used_memory: int | None = Field(description="Bytes that it holds.")
    peak_memory: int | None = Field(description="The most bytes that it held.")
    max_memory: int | None = Field(description="Bytes that it may hold (maxmemory); 0: no limit.")
    used_share: float | None = Field(description="used_memory by max_memory; none without a limit.")
    policy: str = Field(description="maxmemory-policy: what it does when memory is full.")
    fragmentation: float | None = Field(description="Memory taken from the system by memory used.")
    system_memory: int | None = Field(description="Bytes of memory that its host has.")
    clients: int | None = Field(description="Connected clients.")
    max_clients: int | None = Field(description="Clients that it accepts.")
    clients_share: float | None = Field(description="clients by max_clients.")
    blocked_clients: int | None = Field(description="Clients that wait in a blocking command.")
    rejected_connections: int | None = Field(description="Connections refused for max_clients, since it started.")
    ops_per_second: int | None = Field(description="Commands a second, as of now.")
    hits: int | None = Field(description="Lookups that found a key, since it started.")
    misses: int | None = Field(description="Lookups that found none, since it started.")
    hit_rate: float | None = Field(description="hits by all lookups since it started; none when there were none.")
    evicted: int | None = Field(description="Keys evicted for memory, since it started.")
    expired: int | None = Field(description="Keys that expired, since it started.")
    keys: int = Field(description="Keys in the connection's database.")
    expiring_keys: int = Field(description="Those of them that expire one day.")
    last_save_ok: bool | None = Field(description="Whether the last snapshot was written; false can stop all writes.")
    aof_ok: bool | None = Field(description="Whether the last write to the append-only file succeeded.")


async def perform(parameters: InfoParameters, context: Context) -> InfoOutputs:
    """Ask INFO once."""
    connection, server = server_of(parameters.connection, context)
    async with server:
        facts = await ask_facts(server)
    return _outputs(facts, connection.db)


def _outputs(facts: Facts, db: int) -> InfoOutputs:
    keyspace = Facts(facts.of(f"db{db}"))
    valkey = facts.text("valkey_version")
    return InfoOutputs(
        server="valkey" if valkey else "redis",
        version=_word(valkey or facts.text("redis_version")),
        uptime_seconds=facts.number("uptime_in_seconds"),
        role=_word(facts.text("role")),
        replicas=facts.number("connected_slaves"),
        master_link=_word(facts.text("master_link_status")),
        loading=facts.text("loading") == "1",
        used_memory=facts.number("used_memory"),
        peak_memory=facts.number("used_memory_peak"),
        max_memory=facts.number("maxmemory"),
        used_share=facts.used_share,
        policy=_word(facts.text("maxmemory_policy")),
        fragmentation=facts.real("mem_fragmentation_ratio"),
        system_memory=facts.number("total_system_memory"),
        clients=facts.number("connected_clients"),
        max_clients=facts.number("maxclients"),
        clients_share=share(facts.number("connected_clients"), facts.number("maxclients")),
        blocked_clients=facts.number("blocked_clients"),
        rejected_connections=facts.number("rejected_connections"),
        ops_per_second=facts.number("instantaneous_ops_per_sec"),
        hits=facts.number("keyspace_hits"),
        misses=facts.number("keyspace_misses"),
        hit_rate=facts.hit_rate,
        evicted=facts.number("evicted_keys"),
        expired=facts.number("expired_keys"),
        keys=whole(keyspace.number("keys")),
        expiring_keys=whole(keyspace.number("expires")),
        last_save_ok=_is_ok(facts.text("rdb_last_bgsave_status")),
        aof_ok=_is_ok(facts.text("aof_last_write_status")),
    )


def _is_ok(status: str) -> bool | None:
    return status == "ok" if status else None


def _word(text: str) -> str:
    return excerpt(text, _WORD)


ACTION: Action[InfoParameters, InfoOutputs] = Action(
    name="redis.info",
    summary="Tells memory, clients, hit rate, evictions, role and persistence of Redis or Valkey.",
    parameters=InfoParameters,
    outputs=InfoOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _: runs("INFO"),
)
