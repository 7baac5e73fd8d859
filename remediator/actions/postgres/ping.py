"""``postgres.ping``: whether the server lets us in and answers."""

from __future__ import annotations

from time import perf_counter

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.postgres.connection import find
from remediator.actions.postgres.library import library
from remediator.actions.postgres.parameters import PostgresParameters, backend, connects, text
from remediator.actions.postgres.session import reading
from remediator.core.action import Action, CheckOutputs
from remediator.core.durations import Duration
from remediator.errors import ActionError


class PingParameters(PostgresParameters):
    """Which server, and how fast it must be."""

    below: Duration | None = Field(None, description="Holds only if log-in and answer together took less than this.")


class PingOutputs(CheckOutputs):
    """Whether it answers."""

    holds: bool = Field(description="Whether SELECT 1 was answered, and in time.")
    reason: str = Field("", description="Why, in a sentence.")
    latency_ms: float | None = Field(None, description="Milliseconds of log-in and answer; none without an answer.")
    version: str = Field("", description="The server's version; empty without an answer.")
    standby: bool | None = Field(None, description="Whether it is a replica; none without an answer.")


async def perform(p: PingParameters, context: Context) -> PingOutputs:
    """Ask. That nobody answers is a finding, not an error; a wrong configuration is one."""
    find(context, p.connection)
    library()
    began = perf_counter()
    try:
        async with reading(context, p.connection) as session:
            row = await session.row(
                "SELECT 1 AS one, current_setting('server_version') AS version, pg_is_in_recovery() AS standby"
            )
    except ActionError as error:
        return PingOutputs(holds=False, reason=str(error))
    taken = round((perf_counter() - began) * 1000, 3)
    late = p.below is not None and taken >= p.below * 1000
    return PingOutputs(
        holds=row["one"] == 1 and not late,
        reason=f"postgres/{p.connection} answers in {taken:.0f} ms" + (", that is too late" if late else ""),
        latency_ms=taken,
        version=text(row["version"]),
        standby=row["standby"],
    )


ACTION = Action(
    name="postgres.ping",
    summary="Looks whether a server lets us in and answers SELECT 1.",
    parameters=PingParameters,
    outputs=PingOutputs,
    perform=perform,
    backend=backend,
    permissions=connects,
)
