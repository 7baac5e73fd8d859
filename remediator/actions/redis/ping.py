"""``redis.ping``: does the server answer, and how fast. That it does not is the finding, and no error."""

from __future__ import annotations

from time import perf_counter

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.redis.connection import RedisParameters, backend, runs
from remediator.actions.redis.server import server_of, words
from remediator.core.action import Action, CheckOutputs
from remediator.core.durations import Duration, show_duration
from remediator.errors import ActionError


class PingParameters(RedisParameters):
    """Which server, and how fast it must answer."""

    latency_below: Duration | None = Field(None, description="The answer to PING must be here within this time.")


class PingOutputs(CheckOutputs):
    """Whether it answered."""

    holds: bool = Field(description="Whether it answered PONG, in time if that was asked for.")
    reason: str = Field("", description="Why, in a sentence.")
    latency_ms: float | None = Field(None, description="Milliseconds from PING to its answer; none without one.")


async def perform(parameters: PingParameters, context: Context) -> PingOutputs:
    """Connect, log in, ask PING once."""
    _, server = server_of(parameters.connection, context)
    try:
        async with server:
            began = perf_counter()
            answer = await server.ask("PING")
            latency = (perf_counter() - began) * 1000
    except ActionError as error:
        return PingOutputs(holds=False, reason=str(error))
    if answer != b"PONG":
        return PingOutputs(holds=False, reason=f"{server.place} answered {words(answer) or 'nonsense'}, not PONG")
    slow = parameters.latency_below is not None and latency >= parameters.latency_below * 1000
    reason = f"{server.place} answers in {latency:.1f} ms"
    if slow:
        reason += f", not in less than {show_duration(parameters.latency_below or 0)}"
    return PingOutputs(holds=not slow, reason=reason, latency_ms=round(latency, 3))


ACTION: Action[PingParameters, PingOutputs] = Action(
    name="redis.ping",
    summary="Asks Redis or Valkey whether it answers.",
    parameters=PingParameters,
    outputs=PingOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _: runs("PING"),
)
