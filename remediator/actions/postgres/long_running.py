"""``postgres.long_running``: statements and transactions of clients that take long."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.postgres.parameters import (
    QUERY_SHOWN,
    Part,
    PostgresParameters,
    backend,
    need_sight,
    number,
    text,
    watches,
)
from remediator.actions.postgres.session import Session, reading
from remediator.core.action import Action, Outputs
from remediator.core.durations import Duration

_NUMBERS = """
SELECT count(*) FILTER (WHERE state = 'active'
         AND query_start <= clock_timestamp() - %(seconds)s::float8 * interval '1 second')::int AS count,
       max(extract(epoch FROM clock_timestamp() - query_start)) FILTER (WHERE state = 'active') AS longest,
       max(extract(epoch FROM clock_timestamp() - xact_start)) AS longest_transaction
FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
_QUERY = """
SELECT pid, usename AS user, application_name AS application, host(client_addr) AS client,
       left(query, %(shown)s) AS query, wait_event_type AS waits_for,
       extract(epoch FROM clock_timestamp() - query_start) AS seconds
FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND state = 'active'
  AND query_start <= clock_timestamp() - %(seconds)s::float8 * interval '1 second'
ORDER BY query_start LIMIT 20
"""


class LongParameters(PostgresParameters):
    """What is long."""

    longer_than: Duration = Field(5.0, description="Running for at least this long.")


class Running(Part):
    """One statement that runs."""

    pid: int = Field(description="Process id of its session.")
    user: str = Field(description="Its role.")
    application: str = Field(description="Its application_name.")
    client: str = Field(description="Its client's address; empty for a Unix socket.")
    query: str = Field(description="The statement; 500 characters at most.")
    seconds: float | None = Field(description="How long it has been running.")
    waits_for: str = Field(description="Lock, IO, Client, …; empty when it works.")


class LongOutputs(Outputs):
    """Statements that take long."""

    count: int = Field(description="Statements running for at least that long.")
    longest: float | None = Field(description="Seconds of the longest running statement, however short; none if none.")
    longest_transaction: float | None = Field(description="Seconds since the oldest open transaction began.")
    statements: list[Running] = Field(description="The longest first; 20 at most.")


async def perform(p: LongParameters, context: Context) -> LongOutputs:
    """Look once."""
    async with reading(context, p.connection) as session:
        await need_sight(session)
        rows = await session.rows(_QUERY, {"seconds": p.longer_than, "shown": QUERY_SHOWN})
        found = await longest(session, p.longer_than)
    statements = [
        Running(
            pid=row["pid"],
            user=text(row["user"]),
            application=text(row["application"]),
            client=text(row["client"]),
            query=text(row["query"], QUERY_SHOWN),
            seconds=number(row["seconds"]),
            waits_for=text(row["waits_for"]),
        )
        for row in rows
    ]
    return LongOutputs(statements=statements, **found)


async def longest(session: Session, longer_than: float) -> dict[str, Any]:
    """Return the numbers without the statements."""
    row = await session.row(_NUMBERS, {"seconds": longer_than})
    return {name: value if name == "count" else number(value) for name, value in row.items()}


ACTION = Action(
    name="postgres.long_running",
    summary="Lists the statements of clients that have been running for long, and the age of the oldest transaction.",
    parameters=LongParameters,
    outputs=LongOutputs,
    perform=perform,
    backend=backend,
    permissions=watches,
)
