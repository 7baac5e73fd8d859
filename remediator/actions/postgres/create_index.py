"""``postgres.create_index``: CREATE INDEX CONCURRENTLY, of a listed definition.

Writes go on while it is built. When it fails, the server leaves an invalid index behind, which costs and does
not help (PostgreSQL's documentation, "Building Indexes Concurrently"): that is dropped, here and at the next try.
Building and dropping wait for all transactions that use the table; nobody waits behind them, so lock_timeout does
not count for them.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.postgres.connection import IndexDefinition, find, not_listed
from remediator.actions.postgres.library import library
from remediator.actions.postgres.parameters import PostgresParameters, Word, backend, targets
from remediator.actions.postgres.session import Session, changing, reading
from remediator.core.action import Action, Intent, Outputs, Permission
from remediator.core.durations import Duration
from remediator.errors import ActionError, PermanentError, TemporaryError

_INDEX = """
SELECT i.indisvalid AND i.indisready AS valid, i.indexrelid::bigint AS id, i.indisunique AS unique,
       n.nspname || '.' || t.relname AS table, pg_relation_size(i.indexrelid) AS bytes,
       EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid) AS building
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class t ON t.oid = i.indrelid
WHERE n.nspname = %(schema)s AND c.relname = %(name)s
"""
_TABLE = """
SELECT pg_table_size(c.oid) AS bytes, c.reltuples::bigint AS rows FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %(schema)s AND c.relname = %(table)s AND c.relkind IN ('r', 'm')
"""


class IndexParameters(PostgresParameters):
    """Which index."""

    index: Word = Field(description="Name of an index listed at the connection.")
    within: Annotated[Duration, Field(gt=0)] = Field(
        3600.0, description="Limit of the work; the step's own timeout counts, too, and should be longer."
    )


class IndexOutputs(Outputs):
    """What became of it."""

    created: bool = Field(description="False when it was there already (after undo: when it was not).")
    cleaned: bool = Field(description="Whether an invalid index of an earlier try was dropped first.")
    bytes: int = Field(description="Its size in bytes; 0 once it is dropped.")


async def perform(p: IndexParameters, context: Context) -> IndexOutputs:
    """Build it, unless it is there."""
    listed = _listed(p, context)
    async with changing(context, p.connection, within=p.within, patient=True) as session:
        found = await _find(session, p, listed)
        if found and found["valid"]:
            return IndexOutputs(created=False, cleaned=False, bytes=found["bytes"])
        if found and found["building"]:
            raise TemporaryError(f"the index {p.index} is being built by somebody else")
        if found:
            await session.run(_drop(p, listed))
    made = await _build(p, listed, context)
    if made is None or not made["valid"]:
        raise PermanentError(f"the index {p.index} is not valid after it was built")
    return IndexOutputs(created=True, cleaned=found is not None, bytes=made["bytes"])


async def resolve(p: IndexParameters, context: Context) -> Intent[IndexParameters]:
    """Record whether it was there: what was there before is not ours to drop."""
    listed = _listed(p, context)
    async with reading(context, p.connection) as session:
        found = await _find(session, p, listed)
    return Intent(p, {"there": bool(found and found["valid"])})


async def happened(intent: Intent[IndexParameters], context: Context) -> bool | None:
    """Whether it is there and valid; None while it is being built."""
    p = intent.parameters
    async with reading(context, p.connection) as session:
        found = await _find(session, p, _listed(p, context))
    return None if found and found["building"] else bool(found and found["valid"])


async def preview(p: IndexParameters, context: Context) -> str:
    """Say what would be built, and on how large a table."""
    listed = _listed(p, context)
    schema, table = listed.table.split(".")
    async with reading(context, p.connection) as session:
        found = await _find(session, p, listed)
        size = await session.rows(_TABLE, {"schema": schema, "table": table})
    if not size:
        raise PermanentError(f"there is no table {listed.table}")
    if found and found["valid"]:
        return f"the index {p.index} is there already; nothing would be done"
    unique = "UNIQUE " if listed.unique else ""
    first = "an invalid index of that name would be dropped first\n" if found else ""
    about = f"{listed.table} has {max(size[0]['rows'], 0):,} rows in {size[0]['bytes']:,} bytes"
    return f"{first}CREATE {unique}INDEX CONCURRENTLY {p.index} ON {listed.table} {listed.definition}\n{about}"


async def undo(intent: Intent[IndexParameters], context: Context) -> IndexOutputs:
    """Drop it, if it was not there before."""
    p = intent.parameters
    listed = _listed(p, context)
    if intent.before.get("there") is not False:
        raise PermanentError(f"the index {p.index} was there before; it is not ours to drop")
    async with changing(context, p.connection, within=p.within, patient=True) as session:
        found = await _find(session, p, listed)
        if found:
            await session.run(_drop(p, listed))
    return IndexOutputs(created=found is not None, cleaned=False, bytes=0)


def _listed(p: IndexParameters, context: Context) -> IndexDefinition:
    indexes = find(context, p.connection).indexes
    if p.index not in indexes:
        raise not_listed("index", p.index, indexes)
    return indexes[p.index]


async def _find(session: Session, p: IndexParameters, listed: IndexDefinition) -> dict[str, Any] | None:
    """Return the index of this name, None when there is none. PermanentError when it is another one's."""
    rows = await session.rows(_INDEX, {"schema": listed.table.split(".")[0], "name": p.index})
    if rows and (rows[0]["table"] != listed.table or rows[0]["unique"] != listed.unique):
        raise PermanentError(f"another index has the name {p.index}: it is one of {rows[0]['table']}, or not as listed")
    return rows[0] if rows else None


async def _build(p: IndexParameters, listed: IndexDefinition, context: Context) -> dict[str, Any] | None:
    try:
        async with changing(context, p.connection, within=p.within, patient=True) as session:
            await session.as_listed()
            await session.run(_create(p, listed))
            await session.run("SELECT set_config('search_path', '', false)")
            return await _find(session, p, listed)
    except ActionError as error:
        if await _clean(p, listed, context):
            raise
        left = f"{error}; an invalid index is left, the next try drops it"
        raise type(error)(left, transport=error.transport) from None
    except BaseException:  # a cancelled step, too, leaves an invalid index
        await _clean(p, listed, context)
        raise


async def _clean(p: IndexParameters, listed: IndexDefinition, context: Context) -> bool:
    """Drop the invalid index that a failed try left, within statement_timeout; False when that fails, too."""
    try:
        async with changing(context, p.connection, patient=True) as session:
            found = await _find(session, p, listed)
            if found and not found["valid"] and not found["building"]:
                await session.run(_drop(p, listed))
    except ActionError:
        return False
    return True


def _create(p: IndexParameters, listed: IndexDefinition) -> Any:
    sql = library().sql
    return sql.SQL("CREATE {} CONCURRENTLY {} ON {} {}").format(
        sql.SQL("UNIQUE INDEX" if listed.unique else "INDEX"),
        sql.Identifier(p.index),
        sql.Identifier(*listed.table.split(".")),
        sql.SQL(listed.definition.replace("%%", "%")),  # sent without values
    )


def _drop(p: IndexParameters, listed: IndexDefinition) -> Any:
    sql = library().sql
    return sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(listed.table.split(".")[0], p.index))


ACTION = Action(
    name="postgres.create_index",
    summary="Builds a listed index without stopping writes, and leaves no invalid one behind.",
    parameters=IndexParameters,
    outputs=IndexOutputs,
    perform=perform,
    backend=backend,
    changes=True,
    targets=targets,
    resolve=resolve,
    happened=happened,
    preview=preview,
    # By a person: what else has begun to need the index since, we cannot know.
    undo=undo,
    permissions=lambda _p: (
        Permission("owner of", "the index's table"),
        Permission("CREATE", "on the table's schema"),
    ),
)
