"""``postgres.vacuum_full``: writes a listed table anew; the disk gets back what was empty.

Meanwhile nobody reads or writes the table (ACCESS EXCLUSIVE), its copy needs room beside it, and all of the copy is
written to WAL (PostgreSQL's documentation, VACUUM). So a person approves it always. For the lock it waits no longer
than lock_timeout: who comes after it waits behind it. Each statement commits by itself: it is in no transaction.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.postgres.connection import find, not_listed
from remediator.actions.postgres.library import library
from remediator.actions.postgres.parameters import PostgresParameters, backend, text
from remediator.actions.postgres.session import Session, changing, reading
from remediator.core.action import Action, Intent, Outputs, Permission
from remediator.core.durations import Duration, show_duration
from remediator.errors import PermanentError

# A table that was written anew has another file. VACUUM FULL does not count as a vacuum in the statistics.
_STATE = """
SELECT pg_relation_filenode(c.oid)::bigint AS file, pg_table_size(c.oid) AS bytes,
       pg_indexes_size(c.oid) AS index_bytes,
       EXISTS (SELECT FROM pg_stat_progress_cluster p WHERE p.relid = c.oid) AS running,
       (SELECT count(DISTINCT l.pid)::int FROM pg_locks l
        WHERE l.relation = c.oid AND l.granted AND l.pid <> pg_backend_pid()) AS users
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %(schema)s AND c.relname = %(table)s AND c.relkind IN ('r', 'm')
"""


class VacuumFullParameters(PostgresParameters):
    """Which table."""

    table: Annotated[str, Field(min_length=1, max_length=127)] = Field(
        description="A table that the connection lists under rebuild_tables, as schema.table."
    )
    within: Annotated[Duration, Field(gt=0)] = Field(
        1800.0, description="Limit of the work; the step's own timeout counts, too, and should be longer."
    )


class VacuumFullOutputs(Outputs):
    """What became of it."""

    bytes_before: int = Field(description="Bytes of the table before, without indexes.")
    bytes: int = Field(description="Bytes now.")
    index_bytes_before: int = Field(description="Bytes of its indexes before.")
    index_bytes: int = Field(description="Bytes of its indexes now.")


async def perform(p: VacuumFullParameters, context: Context) -> VacuumFullOutputs:
    """Do it. PermanentError when the server skipped the table (it only warns when the right is missing)."""
    _listed(p, context)
    sql = library().sql
    schema, table = p.table.split(".")
    async with changing(context, p.connection, within=p.within) as session:
        before = await _state(session, p)
        await session.run(sql.SQL("VACUUM (FULL, ANALYZE) {}").format(sql.Identifier(schema, table)))
        after = await _state(session, p)
    if after["file"] == before["file"]:
        said = text(session.notices[0]) if session.notices else "no reason is given"
        raise PermanentError(f"{p.table} was skipped: {said}")
    return VacuumFullOutputs(
        bytes_before=before["bytes"],
        bytes=after["bytes"],
        index_bytes_before=before["index_bytes"],
        index_bytes=after["index_bytes"],
    )


async def resolve(p: VacuumFullParameters, context: Context) -> Intent[VacuumFullParameters]:
    """Record which file the table is in, and how large it is."""
    _listed(p, context)
    async with reading(context, p.connection) as session:
        state = await _state(session, p)
    return Intent(p, {"file": state["file"], "bytes": state["bytes"]})


async def happened(intent: Intent[VacuumFullParameters], context: Context) -> bool | None:
    """Whether the table was written anew since; None while that is going on."""
    async with reading(context, intent.parameters.connection) as session:
        state = await _state(session, intent.parameters)
    return None if state["running"] else bool(state["file"] != intent.before["file"])


async def preview(p: VacuumFullParameters, context: Context) -> str:
    """Say how large it is, what it needs, and who is kept out."""
    _listed(p, context)
    async with reading(context, p.connection) as session:
        state = await _state(session, p)
    if state["running"]:
        raise PermanentError(f"{p.table} is being written anew already")
    size = state["bytes"] + state["index_bytes"]
    patience = show_duration(find(context, p.connection).lock_timeout)
    return (
        f"VACUUM (FULL, ANALYZE) {p.table}: {state['bytes']:,} bytes and {state['index_bytes']:,} of indexes; its copy "
        f"needs up to {size:,} bytes of disk and of WAL; nobody reads or writes it meanwhile (ACCESS EXCLUSIVE), "
        f"{show_duration(p.within)} at most; it waits {patience} for that lock; {state['users']} sessions hold "
        "one on it now"
    )


def _listed(p: VacuumFullParameters, context: Context) -> None:
    tables = find(context, p.connection).rebuild_tables
    if p.table not in tables:
        raise not_listed("table", p.table, tables)


async def _state(session: Session, p: VacuumFullParameters) -> dict[str, Any]:
    schema, table = p.table.split(".")
    rows = await session.rows(_STATE, {"schema": schema, "table": table})
    if not rows:
        raise PermanentError(f"there is no table {p.table} that could be written anew")
    return rows[0]


ACTION = Action(
    name="postgres.vacuum_full",
    summary="Writes a listed table anew (VACUUM FULL): it is locked meanwhile, and the disk gets its empty part back.",
    parameters=VacuumFullParameters,
    outputs=VacuumFullOutputs,
    perform=perform,
    backend=backend,
    changes=True,
    idempotent=lambda _: False,  # a second time would keep everybody out again
    targets=lambda p: (f"postgres/{p.connection}/{p.table}",),
    needs_approval=True,
    resolve=resolve,
    happened=happened,
    preview=preview,
    permissions=lambda p: (Permission("MAINTAIN", f"on {p.table} (before version 17: its owner)"),),
)
