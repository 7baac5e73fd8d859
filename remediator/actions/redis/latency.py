"""``redis.latency``: how long a round trip takes, which commands are slow, and what made the server wait.

Percentiles by command come from INFO latencystats (Redis 7, Valkey); events from LATENCY LATEST, which
is empty unless the server's latency-monitor-threshold is above 0.
"""

from __future__ import annotations

from statistics import median
from time import perf_counter
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from remediator.actions.answers.reading import excerpt
from remediator.actions.context import Context
from remediator.actions.redis.connection import RedisParameters, backend, runs
from remediator.actions.redis.facts import Facts, ask_facts
from remediator.actions.redis.server import items, opened, whole, words
from remediator.actions.redis.slowlog import moment
from remediator.core.action import Action, Outputs

_COMMAND = "latency_percentiles_usec_"
_EVENT_FIELDS = 4  #: name, time, latest, longest
_EVENTS = 50
_NAME = 64


class LatencyParameters(RedisParameters):
    """How often to ask."""

    pings: int = Field(10, ge=1, le=100, description="Round trips to measure.")
    top: int = Field(10, ge=1, le=50, description="Commands to tell, the slowest first.")


class LatencyEvent(BaseModel):
    """Something that made the server wait."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    event: str = Field(description='What it was, such as "command", "fork" or "aof-write".')
    at: str = Field(description="When it happened last, in UTC (ISO 8601).")
    latest_ms: int = Field(description="Milliseconds that it took then.")
    longest_ms: int = Field(description="The most milliseconds that it ever took.")


class CommandLatency(BaseModel):
    """How long a command takes inside the server."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    command: str = Field(description="The command's name.")
    p50_ms: float | None = Field(description="Half of its calls took at most so many milliseconds.")
    p99_ms: float | None = Field(description="99 of 100 calls took at most so many milliseconds.")


class LatencyOutputs(Outputs):
    """What was measured, and what the server says."""

    fastest_ms: float = Field(description="The shortest round trip.")
    median_ms: float = Field(description="The middle one.")
    slowest_ms: float = Field(description="The longest one.")
    commands: list[CommandLatency] = Field(description="Commands, by their 99th percentile since the server started.")
    events: list[LatencyEvent] = Field(description="What the latency monitor saw; nothing when it is switched off.")


async def perform(parameters: LatencyParameters, context: Context) -> LatencyOutputs:
    """Measure PINGs one after the other, then ask what the server knows."""
    async with opened(parameters.connection, context) as server:
        trips = []
        for _ in range(parameters.pings):
            began = perf_counter()
            await server.ask("PING")
            trips.append((perf_counter() - began) * 1000)
        facts = await ask_facts(server, "latencystats")
        events = items(await server.ask("LATENCY", "LATEST"))
    return LatencyOutputs(
        fastest_ms=round(min(trips), 3),
        median_ms=round(median(trips), 3),
        slowest_ms=round(max(trips), 3),
        commands=_commands(facts)[: parameters.top],
        events=[event for raw in events[:_EVENTS] if (event := _event(items(raw)))],
    )


def _commands(facts: Facts) -> list[CommandLatency]:
    made = []
    for name in facts.fields:
        if name.startswith(_COMMAND):
            shares = Facts(facts.of(name))
            command = excerpt(name.removeprefix(_COMMAND), _NAME)
            made.append(CommandLatency(command=command, p50_ms=_ms(shares, "p50"), p99_ms=_ms(shares, "p99")))
    return sorted(made, key=lambda each: (-(each.p99_ms or 0), each.command))


def _ms(shares: Facts, name: str) -> float | None:
    value = shares.real(name)
    return None if value is None else round(value / 1000, 3)


def _event(raw: list[Any]) -> LatencyEvent | None:
    if len(raw) < _EVENT_FIELDS:
        return None
    name, at, latest, longest = raw[:_EVENT_FIELDS]
    return LatencyEvent(event=words(name), at=moment(whole(at)), latest_ms=whole(latest), longest_ms=whole(longest))


ACTION: Action[LatencyParameters, LatencyOutputs] = Action(
    name="redis.latency",
    summary="Measures round trips to Redis or Valkey, and tells its slowest commands and latency events.",
    parameters=LatencyParameters,
    outputs=LatencyOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _: runs("PING", "INFO", "LATENCY LATEST"),
)
