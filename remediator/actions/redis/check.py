"""``redis.check``: compares what INFO says with limits, and asks whether writes are accepted.

Whether writes are accepted is asked by a write that cannot change anything: SETRANGE with an empty
value neither makes a key nor alters one, but the server refuses it whenever it refuses writes (out
of memory, a replica, a failed snapshot, too few replicas).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from pydantic import Field, model_validator

from remediator.actions.context import Context
from remediator.actions.redis.connection import RedisParameters, backend, runs
from remediator.actions.redis.facts import Facts, ask_facts, share
from remediator.actions.redis.server import Server, server_of
from remediator.core.action import Action, CheckOutputs
from remediator.core.durations import Duration
from remediator.errors import ActionError, PermanentError

PROBE_KEY = "remediator:write-probe"  #: never exists; the ACL user needs write access to this name


class CheckParameters(RedisParameters):
    """What must hold; all that is given."""

    memory_share_below: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="Used memory by maxmemory must be below this; 0.9 is 90 %."
    )
    clients_share_below: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="Connected clients by maxclients must be below this."
    )
    hit_rate_above: float | None = Field(
        None, ge=0, lt=1, description="Lookups that find a key by all lookups must be above this; 0.7 is 70 %."
    )
    over: Duration | None = Field(
        None, gt=0, le=60,
        description="Measure the hit rate over this time, at most 1m; else it is the one since the server started.",
    )  # fmt: skip
    accepts_writes: bool | None = Field(None, description="Whether writes must be accepted (true) or refused (false).")

    @model_validator(mode="after")
    def _something(self) -> CheckParameters:
        limits = (self.memory_share_below, self.clients_share_below, self.hit_rate_above, self.accepts_writes)
        if all(limit is None for limit in limits):
            raise ValueError("say what must hold, such as memory_share_below")
        if self.over is not None and self.hit_rate_above is None:
            raise ValueError("over goes with hit_rate_above")
        return self


class RedisCheckOutputs(CheckOutputs):
    """Whether all of it holds."""

    holds: bool = Field(description="Whether all that was asked for holds; false when the server does not answer.")
    reason: str = Field("", description="Why, in a sentence.")
    memory_share: float | None = Field(None, description="Used memory by maxmemory; none without a limit.")
    clients_share: float | None = Field(None, description="Connected clients by maxclients.")
    hit_rate: float | None = Field(None, description="The hit rate; none when there were no lookups.")
    accepts_writes: bool | None = Field(None, description="Whether a write was accepted; none when not asked.")
    refusal: str = Field("", description="Why a write was refused, in the server's words.")


async def perform(parameters: CheckParameters, context: Context) -> RedisCheckOutputs:
    """Ask once (twice with ``over``) and compare."""
    _, server = server_of(parameters.connection, context)
    try:
        async with server:
            facts = await ask_facts(server)
            rate = facts.hit_rate if parameters.over is None else await _rate_over(server, facts, parameters.over)
            refusal = await _refusal(server) if parameters.accepts_writes is not None else ""
    except ActionError as error:
        return RedisCheckOutputs(holds=False, reason=str(error))
    clients = share(facts.number("connected_clients"), facts.number("maxclients"))
    wrong = [*_wrong(parameters, facts, clients, rate), *_wrong_writes(parameters, refusal)]
    return RedisCheckOutputs(
        holds=not wrong,
        reason="; ".join(wrong) or "all that was asked for holds",
        memory_share=facts.used_share,
        clients_share=clients,
        hit_rate=rate,
        accepts_writes=None if parameters.accepts_writes is None else not refusal,
        refusal=refusal,
    )


async def _rate_over(server: Server, before: Facts, seconds: float) -> float | None:
    await asyncio.sleep(seconds)
    after = await ask_facts(server)
    hits, misses = (
        (after.number(name) or 0) - (before.number(name) or 0) for name in ("keyspace_hits", "keyspace_misses")
    )
    # A restart or CONFIG RESETSTAT in between sets the counters back: then nothing is known.
    return share(hits, hits + misses) if hits >= 0 and misses >= 0 else None


async def _refusal(server: Server) -> str:
    """Return why the server refuses to write, or ""."""
    try:
        await server.ask("SETRANGE", PROBE_KEY, 0, b"")
    except PermanentError as error:
        return str(error)
    return ""


def _wrong(p: CheckParameters, facts: Facts, clients: float | None, rate: float | None) -> Iterator[str]:
    memory = facts.used_share
    if p.memory_share_below is not None:
        # Without maxmemory there is no share: the host's memory is the limit, and INFO does not know what is left.
        if memory is None:
            yield "there is no maxmemory to compare with"
        elif memory >= p.memory_share_below:
            yield f"memory is at {memory:.1%} of maxmemory, not below {p.memory_share_below:.1%}"
    if p.clients_share_below is not None and (clients is None or clients >= p.clients_share_below):
        at = "unknown" if clients is None else f"at {clients:.1%} of maxclients"
        yield f"clients are {at}, not below {p.clients_share_below:.1%}"
    if p.hit_rate_above is not None:
        if rate is None:
            yield "there were no lookups to take a hit rate from"
        elif rate <= p.hit_rate_above:
            yield f"the hit rate is {rate:.1%}, not above {p.hit_rate_above:.1%}"


def _wrong_writes(p: CheckParameters, refusal: str) -> Iterator[str]:
    if p.accepts_writes is True and refusal:
        yield f"writes are refused: {refusal}"
    if p.accepts_writes is False and not refusal:
        yield "writes are accepted"


ACTION: Action[CheckParameters, RedisCheckOutputs] = Action(
    name="redis.check",
    summary="Compares memory, clients and hit rate of Redis or Valkey with limits, and whether it accepts writes.",
    parameters=CheckParameters,
    outputs=RedisCheckOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _: runs("INFO", "SETRANGE", keys=f"%RW~{PROBE_KEY} (for accepts_writes)"),
)
