"""``postgres.blocking``: who waits for whom, as a tree.

Source: PostgreSQL's documentation, ``pg_blocking_pids``: the sessions that hold a lock, or stand
before us in its queue; 0 stands for a prepared transaction.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.postgres.parameters import (
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

_MOST = 200  #: sessions in the tree
_SHOWN = 200  #: characters of a statement

# Only sessions that wait for a lock are asked about: pg_blocking_pids locks the lock table for a moment.
_QUERY = """
WITH waiting AS MATERIALIZED (
  SELECT pid, pg_blocking_pids(pid) AS blockers FROM pg_stat_activity WHERE wait_event_type = 'Lock' LIMIT %(most)s
)
SELECT a.pid, coalesce(w.blockers, '{}') AS blockers, a.usename AS user, a.application_name AS application,
       a.state, left(a.query, %(shown)s) AS query, a.backend_type AS kind,
       extract(epoch FROM clock_timestamp() - a.query_start) AS for_seconds,
       extract(epoch FROM clock_timestamp() - a.xact_start) AS transaction_seconds
FROM pg_stat_activity a LEFT JOIN waiting w ON w.pid = a.pid
WHERE cardinality(w.blockers) > 0 OR a.pid IN (SELECT unnest(blockers) FROM waiting)
ORDER BY a.xact_start NULLS LAST, a.pid LIMIT %(most)s
"""


class Blocked(Part):
    """One session of the tree; those that wait for it follow it."""

    pid: int = Field(description="Its process id; 0 for a prepared transaction.")
    depth: int = Field(description="0 for a session that blocks and does not wait; one more for each that waits.")
    blocked_by: list[int] = Field(description="Process ids of those it waits for; none at depth 0.")
    blocks: int = Field(description="How many wait for it, directly or through others.")
    user: str = Field(description="Its role.")
    application: str = Field(description="Its application_name.")
    state: str = Field(description="active, idle in transaction, ….")
    query: str = Field(description="Its statement, or its last one; 200 characters at most.")
    seconds: float | None = Field(description="Since that statement began.")
    transaction_seconds: float | None = Field(description="Since its transaction began.")


class BlockingOutputs(Outputs):
    """Who waits for whom."""

    blocked: int = Field(description="Sessions that wait for a lock that another one holds.")
    longest_wait: float | None = Field(description="Seconds since the oldest waiting statement began; none if none.")
    roots: list[int] = Field(description="Process ids of those that block and wait for nobody.")
    tree: list[Blocked] = Field(description="Each blocker before those that wait for it; 200 at most.")


async def perform(p: PostgresParameters, context: Context) -> BlockingOutputs:
    """Ask once and arrange."""
    async with reading(context, p.connection) as session:
        await need_sight(session)
        return arranged(await _asked(session))


async def blocked(session: Session) -> int:
    """Return how many sessions wait for a lock that another one holds."""
    return arranged(await _asked(session)).blocked


async def _asked(session: Session) -> list[dict[str, Any]]:
    return await session.rows(_QUERY, {"most": _MOST, "shown": _SHOWN})


def arranged(rows: list[dict[str, Any]]) -> BlockingOutputs:
    """Arrange sessions into a tree. Cycles (a deadlock not yet found) and sessions that are gone do no harm."""
    known = {row["pid"]: row for row in rows}
    for missing in {pid for row in rows for pid in row["blockers"]} - set(known):
        known[missing] = {"pid": missing, "blockers": []}
    waiters: dict[int, list[int]] = {pid: [] for pid in known}
    for pid, row in known.items():
        for blocker in dict.fromkeys(row["blockers"]):
            waiters[blocker].append(pid)
    roots = [pid for pid, row in known.items() if not row["blockers"] and waiters[pid]]
    tree: list[Blocked] = []
    seen: set[int] = set()
    for start in [*roots, *known]:  # what no root reaches is a cycle: begin anywhere in it
        stack = [(start, 0)]
        while stack:
            pid, depth = stack.pop()
            if pid not in seen:
                seen.add(pid)
                tree.append(_node(known[pid], depth, len(_below(pid, waiters))))
                stack += [(waiter, depth + 1) for waiter in reversed(waiters[pid])]
    waits = [number(row["for_seconds"]) or 0.0 for row in rows if row["blockers"]]
    return BlockingOutputs(
        blocked=len(waits), longest_wait=max(waits, default=None), roots=roots[:_MOST], tree=tree[:_MOST]
    )


def _below(pid: int, waiters: dict[int, list[int]]) -> set[int]:
    found: set[int] = set()
    stack = list(waiters[pid])
    while stack:
        each = stack.pop()
        if each not in found and each != pid:
            found.add(each)
            stack += waiters[each]
    return found


def _node(row: dict[str, Any], depth: int, blocks: int) -> Blocked:
    return Blocked(
        pid=row["pid"],
        depth=depth,
        blocked_by=sorted(set(row["blockers"])),
        blocks=blocks,
        user=text(row.get("user")),
        application=text(row.get("application")),
        state=text(row.get("state")),
        query=text(row.get("query"), _SHOWN),
        seconds=number(row.get("for_seconds")),
        transaction_seconds=number(row.get("transaction_seconds")),
    )


ACTION = Action(
    name="postgres.blocking",
    summary="Shows which sessions wait for which, as a tree with the one at its root that blocks them all.",
    parameters=PostgresParameters,
    outputs=BlockingOutputs,
    perform=perform,
    backend=backend,
    permissions=watches,
)
