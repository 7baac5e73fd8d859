"""``postgres.replication_lag``: how far replicas are behind, asked of the primary or of a replica.

A primary knows bytes of every replica that is connected, and the seconds that its last acknowledgements
took. A replica knows how old the last transaction is that it has replayed; when it has replayed all that it received
and still receives, it is not behind, however long nothing was written. Source: PostgreSQL's documentation,
"pg_stat_replication" and "Recovery Information Functions".
"""

from __future__ import annotations

from typing import Any, Literal

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

_AT_PRIMARY = """
SELECT application_name AS name, host(client_addr) AS client, state, sync_state AS sync,
       greatest(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn), 0)::bigint AS bytes,
       extract(epoch FROM replay_lag) AS seconds
FROM pg_stat_replication WHERE state <> 'backup' ORDER BY bytes DESC NULLS FIRST, name LIMIT 50
"""
# An idle primary sends whole pages: the last may end within a record, which can only be replayed when its rest
# arrives with the next commit. That is no lag.
_AT_REPLICA = """
SELECT coalesce((SELECT sender_host FROM pg_stat_wal_receiver), '') AS client,
       coalesce((SELECT status FROM pg_stat_wal_receiver), 'not receiving') AS state,
       greatest(pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), 0)::bigint AS bytes,
       CASE WHEN (pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() OR NOT pg_is_wal_replay_paused()
                   AND (pg_last_wal_receive_lsn() - '0/0') %% current_setting('wal_block_size')::int = 0
                   AND pg_last_wal_receive_lsn() - pg_last_wal_replay_lsn()
                     < 4 * current_setting('wal_block_size')::int)
                 AND EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming') THEN 0
            ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END AS seconds,
       pg_is_wal_replay_paused() AS paused
"""


class Replica(Part):
    """One replica."""

    name: str = Field(description="Its application_name at the primary; this, when it was asked itself.")
    client: str = Field(description="Its address; the primary's, when it was asked itself.")
    state: str = Field(description="streaming, catchup, startup, …; not receiving.")
    sync: str = Field(description="async, sync, quorum, potential; empty when it was asked itself.")
    bytes: int | None = Field(description="WAL that it has not replayed, in bytes; none when that is not known.")
    seconds: float | None = Field(description="How far it is behind; none when that is not known or nothing is new.")
    paused: bool | None = Field(None, description="Whether replay is paused; only the replica itself knows.")


class LagOutputs(Outputs):
    """How far replicas are behind."""

    role: Literal["primary", "replica"] = Field(description="What was asked.")
    replicas: list[Replica] = Field(description="The one furthest behind first; 50 at most.")
    count: int = Field(description="How many there are; 0: no replica is connected.")
    worst: str = Field("", description="Name of the one furthest behind.")
    worst_bytes: int | None = Field(None, description="Its bytes; none when any replica's are not known, or none is.")
    worst_seconds: float | None = Field(None, description="The most seconds that any of them is behind, where known.")


async def perform(p: PostgresParameters, context: Context) -> LagOutputs:
    """Look once."""
    async with reading(context, p.connection) as session:
        return await lag(session)


async def lag(session: Session) -> LagOutputs:
    """Ask as the server's role has it."""
    await need_sight(session)
    standby = (await session.row("SELECT pg_is_in_recovery() AS standby"))["standby"]
    rows = await session.rows(_AT_REPLICA if standby else _AT_PRIMARY, {})
    replicas = [_replica(row) for row in rows]
    known = [each.bytes for each in replicas if each.bytes is not None]
    seconds = [each.seconds for each in replicas if each.seconds is not None]
    return LagOutputs(
        role="replica" if standby else "primary",
        replicas=replicas,
        count=len(replicas),
        worst=replicas[0].name if replicas else "",
        worst_bytes=max(known) if known and len(known) == len(replicas) else None,
        worst_seconds=max(seconds, default=None),
    )


def _replica(row: dict[str, Any]) -> Replica:
    return Replica(
        name=text(row.get("name", "this")),
        client=text(row["client"]),
        state=text(row["state"]),
        sync=text(row.get("sync")),
        bytes=row["bytes"],
        seconds=number(row["seconds"]),
        paused=row.get("paused"),
    )


ACTION = Action(
    name="postgres.replication_lag",
    summary="Tells how far replicas are behind in bytes and seconds, asked of the primary or of a replica.",
    parameters=PostgresParameters,
    outputs=LagOutputs,
    perform=perform,
    backend=backend,
    permissions=watches,
)
