"""``postgres.missing_indexes``: where an index seems to be missing. Hints for people, no verdict."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.postgres.parameters import Part, PostgresParameters, backend, text, watches
from remediator.actions.postgres.session import reading
from remediator.core.action import Action, Outputs

_SCANNED = """
SELECT schemaname || '.' || relname AS name, seq_scan, coalesce(idx_scan, 0) AS idx_scan, n_live_tup AS rows,
       seq_tup_read / greatest(seq_scan, 1) AS rows_a_scan
FROM pg_stat_user_tables WHERE n_live_tup >= %(rows)s AND seq_scan > coalesce(idx_scan, 0)
ORDER BY seq_tup_read DESC LIMIT 20
"""
# A foreign key is served by an index whose first columns are the key's, in any order.
_KEYS = """
SELECT con.conname AS name, n.nspname || '.' || c.relname AS table,
       array(SELECT a.attname::text FROM unnest(con.conkey) WITH ORDINALITY k(n, at)
             JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.n ORDER BY k.at) AS columns
FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE con.contype = 'f' AND c.reltuples >= %(rows)s AND NOT EXISTS (
  SELECT FROM pg_index i WHERE i.indrelid = con.conrelid AND i.indisvalid AND i.indpred IS NULL
    AND (string_to_array(i.indkey::text, ' ')::int2[])[1:cardinality(con.conkey)] @> con.conkey)
ORDER BY c.reltuples DESC, con.conname LIMIT 20
"""
_INVALID = """
SELECT n.nspname || '.' || c.relname AS name, i.indrelid::regclass::text AS table
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid ORDER BY name LIMIT 20
"""


class MissingParameters(PostgresParameters):
    """Which tables count."""

    min_rows: int = Field(10_000, ge=0, description="Only tables of at least so many rows.")


class ScannedTable(Part):
    """A table that is read from one end to the other more often than by an index."""

    name: str = Field(description="As schema.table.")
    rows: int = Field(description="Its rows, as the statistics have it.")
    sequential_scans: int = Field(description="How often it was read as a whole.")
    index_scans: int = Field(description="How often by an index.")
    rows_per_scan: int = Field(description="Rows read by one of the former, on average.")


class ForeignKey(Part):
    """A foreign key without an index: deleting a row that it refers to reads the whole table."""

    name: str = Field(description="The constraint's name.")
    table: str = Field(description="Its table, as schema.table.")
    columns: list[str] = Field(description="Its columns.")


class InvalidIndex(Part):
    """An index that a failed CREATE INDEX CONCURRENTLY left behind: it costs and does not help."""

    name: str = Field(description="As schema.index.")
    table: str = Field(description="Its table.")


class MissingOutputs(Outputs):
    """Hints of this database."""

    found: bool = Field(description="Whether there is any hint.")
    tables: list[ScannedTable] = Field(description="Most rows read first; 20 at most, as in the following.")
    foreign_keys: list[ForeignKey] = Field(description="Foreign keys without an index, largest table first.")
    invalid: list[InvalidIndex] = Field(description="Invalid indexes; one that is being built is among them.")


async def perform(p: MissingParameters, context: Context) -> MissingOutputs:
    """Look at statistics and catalogue."""
    async with reading(context, p.connection) as session:
        values = {"rows": p.min_rows}
        tables = [_table(row) for row in await session.rows(_SCANNED, values)]
        keys = [
            ForeignKey(
                name=text(row["name"]), table=text(row["table"]), columns=[text(each) for each in row["columns"]]
            )
            for row in await session.rows(_KEYS, values)
        ]
        invalid = [
            InvalidIndex(name=text(row["name"]), table=text(row["table"])) for row in await session.rows(_INVALID)
        ]
    return MissingOutputs(found=bool(tables or keys or invalid), tables=tables, foreign_keys=keys, invalid=invalid)


def _table(row: dict[str, Any]) -> ScannedTable:
    return ScannedTable(
        name=text(row["name"]),
        rows=row["rows"],
        sequential_scans=row["seq_scan"],
        index_scans=row["idx_scan"],
        rows_per_scan=row["rows_a_scan"],
    )


ACTION = Action(
    name="postgres.missing_indexes",
    summary="Lists large tables read as a whole, foreign keys without an index, and invalid indexes.",
    parameters=MissingParameters,
    outputs=MissingOutputs,
    perform=perform,
    backend=backend,
    permissions=watches,
)
