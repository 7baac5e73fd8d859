"""``postgres.sizes``: what fills the disk: databases, tables, dead rows, and WAL with what holds it back.

Sources: PostgreSQL's documentation, "Database Object Size Functions", "pg_stat_all_tables",
"pg_replication_slots", "pg_stat_archiver", "pg_ls_waldir". How much room the disk has left is not known to SQL.
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

_DATABASES = """
SELECT datname AS name, pg_database_size(oid) AS bytes FROM pg_database
WHERE datallowconn ORDER BY bytes DESC LIMIT 20
"""
# The usual estimate: rows by their average width and a header of 28 bytes (23, rounded up, and the item pointer of
# 4), against the pages there are. Widths come from pg_stats, which shows only what the role may read.
_TABLES = """
SELECT n.nspname || '.' || c.relname AS name, pg_total_relation_size(c.oid) AS bytes,
       pg_indexes_size(c.oid) AS index_bytes, coalesce(s.n_live_tup, 0) AS live, coalesce(s.n_dead_tup, 0) AS dead,
       greatest(s.last_vacuum, s.last_autovacuum)::text AS vacuumed,
       CASE WHEN c.reltuples > 0 AND w.width IS NOT NULL THEN greatest(0, c.relpages
         - ceil(c.reltuples * (w.width + 28) / (current_setting('block_size')::int - 24)))::bigint
         * current_setting('block_size')::int END AS bloat
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
LEFT JOIN LATERAL (SELECT sum((1 - null_frac) * avg_width) AS width FROM pg_stats
  WHERE schemaname = n.nspname AND tablename = c.relname HAVING count(*) > 0) w ON true
WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast'
ORDER BY pg_total_relation_size(c.oid) DESC LIMIT 20
"""
_WAL = "SELECT coalesce(sum(size), 0)::bigint AS bytes, count(*)::int AS files FROM pg_ls_waldir()"
_SLOTS = """
SELECT slot_name AS name, active, wal_status AS status,
       greatest(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
         ELSE pg_current_wal_lsn() END, restart_lsn), 0)::bigint AS bytes
FROM pg_replication_slots ORDER BY bytes DESC NULLS LAST LIMIT 20
"""
_ARCHIVER = """
SELECT current_setting('archive_mode') <> 'off' AS on, failed_count AS failed, last_failed_wal AS wal,
       last_failed_time > coalesce(last_archived_time, '-infinity') AS failing,
       extract(epoch FROM clock_timestamp() - last_archived_time) AS seconds
FROM pg_stat_archiver
"""


class DatabaseSize(Part):
    """One database."""

    name: str = Field(description="Its name.")
    bytes: int = Field(description="Bytes on disk.")


class TableSize(Part):
    """One table of the connection's database."""

    name: str = Field(description="As schema.table.")
    bytes: int = Field(description="Bytes on disk with indexes and what is stored apart.")
    index_bytes: int = Field(description="Of these, its indexes.")
    live_rows: int = Field(description="Rows, as the statistics have it.")
    dead_rows: int = Field(description="Dead rows, as the statistics have it.")
    dead_share: float = Field(description="Dead rows of all rows, 0 to 1.")
    bloat_bytes: int | None = Field(
        description="Bytes of the table that hold no row, estimated; none without ANALYZE or the right to read it."
    )
    vacuumed: str = Field(description="When it was last vacuumed, also by autovacuum; empty if never.")


class Slot(Part):
    """One replication slot."""

    name: str = Field(description="Its name.")
    active: bool = Field(description="Whether somebody reads from it.")
    status: str = Field(description="reserved, extended, unreserved or lost.")
    bytes: int | None = Field(description="WAL that it holds back, in bytes; none when it holds none.")


class SizesOutputs(Outputs):
    """What fills the disk."""

    total_bytes: int = Field(description="All databases together, the 20 largest.")
    databases: list[DatabaseSize] = Field(description="The largest first; 20 at most.")
    tables: list[TableSize] = Field(description="The largest first, of this database; 20 at most.")
    wal_bytes: int = Field(description="Bytes of write-ahead log that are kept.")
    wal_files: int = Field(description="Files of it.")
    slots: list[Slot] = Field(description="Replication slots, what holds most first; 20 at most.")
    archiver_failing: bool = Field(description="Whether the last attempt to archive failed: nothing is then removed.")
    wal_held_by: list[str] = Field(description="What keeps WAL from being removed, in sentences; empty if nothing.")


async def perform(p: PostgresParameters, context: Context) -> SizesOutputs:
    """Measure; on a large catalogue this takes seconds."""
    async with reading(context, p.connection) as session:
        await need_sight(session)
        databases = [DatabaseSize(name=text(row["name"]), bytes=row["bytes"]) for row in await session.rows(_DATABASES)]
        tables = [_table(row) for row in await session.rows(_TABLES)]
        wal = await session.row(_WAL)
        slots, archiver = await _held(session)
    return SizesOutputs(
        total_bytes=sum(each.bytes for each in databases),
        databases=databases,
        tables=tables,
        wal_bytes=wal["bytes"],
        wal_files=wal["files"],
        slots=slots,
        archiver_failing=bool(archiver["on"] and archiver["failing"]),
        wal_held_by=_sentences(slots, archiver),
    )


async def wal_bytes(session: Session) -> int:
    """Return the bytes of WAL on disk."""
    found: int = (await session.row(_WAL))["bytes"]
    return found


def _table(row: dict[str, Any]) -> TableSize:
    rows = row["live"] + row["dead"]
    return TableSize(
        name=text(row["name"]),
        bytes=row["bytes"],
        index_bytes=row["index_bytes"],
        live_rows=row["live"],
        dead_rows=row["dead"],
        dead_share=round(row["dead"] / rows, 4) if rows else 0.0,
        bloat_bytes=row["bloat"],
        vacuumed=text(row["vacuumed"]),
    )


async def _held(session: Session) -> tuple[list[Slot], dict[str, Any]]:
    slots = [
        Slot(name=text(row["name"]), active=row["active"], status=text(row["status"]), bytes=row["bytes"])
        for row in await session.rows(_SLOTS)
    ]
    return slots, await session.row(_ARCHIVER)


def _sentences(slots: list[Slot], archiver: dict[str, Any]) -> list[str]:
    said = [
        f"the {'' if slot.active else 'unused '}replication slot {slot.name} holds back {slot.bytes:,} bytes"
        for slot in slots
        if slot.bytes and (not slot.active or slot.status != "reserved")
    ]
    if archiver["on"] and archiver["failing"]:
        since = number(archiver["seconds"])
        last = f"the last success was {since:,.0f} s ago" if since is not None else "it never succeeded"
        said.append(f"the archiver fails at {text(archiver['wal'])}; {last}")
    return said


ACTION = Action(
    name="postgres.sizes",
    summary="Measures databases, tables and WAL, estimates bloat, and says what holds WAL back.",
    parameters=PostgresParameters,
    outputs=SizesOutputs,
    perform=perform,
    backend=backend,
    permissions=watches,
)
