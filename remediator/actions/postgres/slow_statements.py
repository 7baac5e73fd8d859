"""``postgres.slow_statements``: what takes the time, by pg_stat_statements.

That the extension is not there is a finding, not an error. Source: PostgreSQL's documentation,
"pg_stat_statements" (columns of version 13 and later). Constants in its texts are replaced by $1, $2.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.postgres.library import library
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

_WHERE = """
SELECT n.nspname AS schema, position('pg_stat_statements' IN current_setting('shared_preload_libraries')) > 0 AS loaded
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'
"""
_QUERY = """
SELECT s.queryid::text AS id, left(s.query, {shown}) AS query, r.rolname AS user, s.calls, s.rows,
       s.mean_exec_time AS mean, s.total_exec_time AS total, s.max_exec_time AS max,
       s.total_exec_time / nullif(sum(s.total_exec_time) OVER (), 0) AS share
FROM {schema}.pg_stat_statements s LEFT JOIN pg_roles r ON r.oid = s.userid
WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND s.calls >= %(calls)s
ORDER BY {order} DESC LIMIT %(limit)s
"""


class SlowParameters(PostgresParameters):
    """How to choose them."""

    by: Literal["mean", "total"] = Field("mean", description="By the mean time of a call, or by all calls together.")
    limit: int = Field(10, ge=1, le=50, description="How many statements, slowest first.")
    min_calls: int = Field(5, ge=1, description="Leave out what was called less often.")


class SlowStatement(Part):
    """One kind of statement."""

    id: str = Field(description="Its queryid.")
    query: str = Field(description="Its text without constants; 500 characters at most.")
    user: str = Field(description="The role that ran it.")
    calls: int = Field(description="How often it ran since the statistics were reset.")
    rows: int = Field(description="Rows it returned or touched, together.")
    mean_ms: float = Field(description="Milliseconds a call, on average.")
    max_ms: float = Field(description="Milliseconds of the longest call.")
    total_ms: float = Field(description="Milliseconds of all calls.")
    share: float = Field(description="Its share of the time of all statements that count here, 0 to 1.")


class SlowOutputs(Outputs):
    """The slowest statements of this database."""

    available: bool = Field(description="Whether pg_stat_statements can be asked.")
    reason: str = Field("", description="What is missing, when it cannot.")
    statements: list[SlowStatement] = Field([], description="Slowest first.")
    slowest_ms: float | None = Field(None, description="The highest mean among them; none when there is none.")


async def perform(p: SlowParameters, context: Context) -> SlowOutputs:
    """Ask the extension, wherever it is installed."""
    async with reading(context, p.connection) as session:
        await need_sight(session)
        found = await session.rows(_WHERE)
        if not found:
            return SlowOutputs(available=False, reason="the extension pg_stat_statements is not created here")
        if not found[0]["loaded"]:
            return SlowOutputs(available=False, reason="pg_stat_statements is not in shared_preload_libraries")
        return SlowOutputs(available=True, **_outputs(await _asked(session, p, found[0]["schema"])))


async def _asked(session: Session, p: SlowParameters, schema: str) -> list[dict[str, Any]]:
    sql = library().sql
    query = sql.SQL(_QUERY).format(
        shown=sql.Literal(QUERY_SHOWN),
        schema=sql.Identifier(schema),
        order=sql.Identifier("mean" if p.by == "mean" else "total"),
    )
    return await session.rows(query, {"calls": p.min_calls, "limit": p.limit})


def _outputs(rows: list[dict[str, Any]]) -> dict[str, Any]:
    statements = [
        SlowStatement(
            id=text(row["id"]),
            query=text(row["query"], QUERY_SHOWN),
            user=text(row["user"]),
            calls=row["calls"],
            rows=row["rows"],
            mean_ms=number(row["mean"]) or 0.0,
            max_ms=number(row["max"]) or 0.0,
            total_ms=number(row["total"]) or 0.0,
            share=round(float(row["share"] or 0), 4),
        )
        for row in rows
    ]
    return {"statements": statements, "slowest_ms": max((each.mean_ms for each in statements), default=None)}


ACTION = Action(
    name="postgres.slow_statements",
    summary="Lists the statements that take the most time, by pg_stat_statements; says so when that is missing.",
    parameters=SlowParameters,
    outputs=SlowOutputs,
    perform=perform,
    backend=backend,
    permissions=watches,
)
