"""``postgres.connections``: who holds the server's connections.

Source: PostgreSQL's documentation, "The Statistics Collector: pg_stat_activity", and the settings
max_connections, superuser_reserved_connections and reserved_connections (16 and later). Replication,
autovacuum and background workers have slots of their own and are not counted.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.postgres.parameters import (
    Count,
    PostgresParameters,
    backend,
    need_sight,
    number,
    text,
    watches,
)
from remediator.actions.postgres.session import Session, reading
from remediator.core.action import Action, Outputs

_SHOWN = 20

NUMBERS = """
SELECT current_setting('max_connections')::int AS max,
       current_setting('superuser_reserved_connections')::int
         + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved,
       count(*)::int AS used,
       count(*) FILTER (WHERE state = 'active')::int AS active,
       count(*) FILTER (WHERE state = 'idle')::int AS idle,
       count(*) FILTER (WHERE state LIKE 'idle in transaction%%')::int AS idle_in_transaction,
       max(extract(epoch FROM clock_timestamp() - state_change)) FILTER (WHERE state = 'idle') AS longest_idle,
       max(extract(epoch FROM clock_timestamp() - state_change))
         FILTER (WHERE state LIKE 'idle in transaction%%') AS longest_idle_in_transaction
FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
# One pass: GROUPING SETS count by each column apart; grouping() tells which one a row is about.
_GROUPS = """
SELECT grouping(state, application_name, host(client_addr), usename) AS set,
       coalesce(state, application_name, host(client_addr), usename::text) AS name, count(*)::int AS count
FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
GROUP BY GROUPING SETS ((state), (application_name), (host(client_addr)), (usename))
ORDER BY count DESC, name LIMIT 1000
"""
_BY = {0b0111: "state", 0b1011: "application", 0b1101: "client", 0b1110: "user"}


class ConnectionsOutputs(Outputs):
    """The connections of clients; the one that looks is not counted."""

    max: int = Field(description="The setting max_connections.")
    reserved: int = Field(description="Of these, kept for superusers and for pg_use_reserved_connections.")
    used: int = Field(description="Connections of clients, of all databases.")
    used_share: float = Field(description="Used of those that are not reserved, 0 to 1 and a little more.")
    headroom: int = Field(description="How many more clients may connect; never below 0.")
    active: int = Field(description="Those that run a statement.")
    idle: int = Field(description="Those that do nothing.")
    idle_in_transaction: int = Field(description="Those that do nothing and hold a transaction open.")
    longest_idle: float | None = Field(description="Seconds since the longest idle one did something; none if none is.")
    longest_idle_in_transaction: float | None = Field(description="The same, of those idle in a transaction.")
    by_state: list[Count] = Field(description="Connections by state, most first; 20 at most, as in the following.")
    by_application: list[Count] = Field(description="Connections by application_name.")
    by_client: list[Count] = Field(description="Connections by client address; empty for Unix sockets.")
    by_user: list[Count] = Field(description="Connections by role.")


async def perform(p: PostgresParameters, context: Context) -> ConnectionsOutputs:
    """Count them."""
    async with reading(context, p.connection) as session:
        await need_sight(session)
        groups: dict[str, list[Count]] = {name: [] for name in _BY.values()}
        for row in await session.rows(_GROUPS):
            counts = groups[_BY[row["set"]]]
            if len(counts) < _SHOWN:
                counts.append(Count(name=text(row["name"]), count=row["count"]))
        found = await counted(session)
    return ConnectionsOutputs(**found, **{f"by_{name}": counts for name, counts in groups.items()})


async def counted(session: Session) -> dict[str, Any]:
    """Return the numbers without the groups."""
    row = await session.row(NUMBERS, {})
    open_to_all = max(row["max"] - row["reserved"], 1)
    return row | {
        "used_share": round(row["used"] / open_to_all, 4),
        "headroom": max(open_to_all - row["used"], 0),
        "longest_idle": number(row["longest_idle"]),
        "longest_idle_in_transaction": number(row["longest_idle_in_transaction"]),
    }


ACTION = Action(
    name="postgres.connections",
    summary="Counts a server's connections by state, application, client and role, and what room is left.",
    parameters=PostgresParameters,
    outputs=ConnectionsOutputs,
    perform=perform,
    backend=backend,
    permissions=watches,
)
