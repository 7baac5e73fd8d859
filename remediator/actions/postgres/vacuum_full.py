"""``postgres.vacuum_full``: writes a listed table anew; the disk gets back what was empty.

Meanwhile nobody reads or writes the table (ACCESS EXCLUSIVE), its copy needs room beside it, and all of the copy is
written to WAL (PostgreSQL's documentation, VACUUM). So a person approves it always. For the lock it waits no longer
than lock_timeout: who comes after it waits behind it. Each statement commits by itself: it is in no transaction.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.postgres.connection import find
from remediator.actions.postgres.parameters import backend
from remediator.actions.postgres.vacuum import State, TableParameters, Vacuum, permissions
from remediator.core.action import Action, Intent, Outputs
from remediator.core.durations import show_duration
from remediator.errors import PermanentError

# A table that was written anew has another file. VACUUM FULL does not count as a vacuum in the statistics.
_VACUUM = Vacuum(
    options="FULL, ANALYZE",
    query="""
SELECT pg_relation_filenode(c.oid)::bigint AS file, pg_table_size(c.oid) AS bytes,
       pg_indexes_size(c.oid) AS index_bytes,
       EXISTS (SELECT FROM pg_stat_progress_cluster p WHERE p.relid = c.oid) AS running,
       (SELECT count(DISTINCT l.pid)::int FROM pg_locks l
        WHERE l.relation = c.oid AND l.granted AND l.pid <> pg_backend_pid()) AS users
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %(schema)s AND c.relname = %(table)s AND c.relkind IN ('r', 'm')
""",
    listed=lambda connection: connection.rebuild_tables,
    missing=" that could be written anew",
)


class VacuumFullParameters(TableParameters):
    """Which table."""

    table: Annotated[str, Field(min_length=1, max_length=127)] = Field(
        description="A table that the connection lists under rebuild_tables, as schema.table."
    )


class VacuumFullOutputs(Outputs):
    """What became of it."""

    bytes_before: int = Field(description="Bytes of the table before, without indexes.")
    bytes: int = Field(description="Bytes now.")
    index_bytes_before: int = Field(description="Bytes of its indexes before.")
    index_bytes: int = Field(description="Bytes of its indexes now.")


async def perform(p: VacuumFullParameters, context: Context) -> VacuumFullOutputs:
    """Do it. PermanentError when the server skipped the table (it only warns when the right is missing)."""
    before, after = await _VACUUM.run(p, context, _anew)
    return VacuumFullOutputs(
        bytes_before=before["bytes"],
        bytes=after["bytes"],
        index_bytes_before=before["index_bytes"],
        index_bytes=after["index_bytes"],
    )


async def resolve(p: VacuumFullParameters, context: Context) -> Intent[VacuumFullParameters]:
    """Record which file the table is in, and how large it is."""
    _VACUUM.check(p, context)
    state = await _VACUUM.look(p, context)
    return Intent(p, {"file": state["file"], "bytes": state["bytes"]})


async def happened(intent: Intent[VacuumFullParameters], context: Context) -> bool | None:
    """Whether the table was written anew since; None while that is going on."""
    state = await _VACUUM.look(intent.parameters, context)
    return None if state["running"] else _anew(intent.before, state)


async def preview(p: VacuumFullParameters, context: Context) -> str:
    """Say how large it is, what it needs, and who is kept out."""
    _VACUUM.check(p, context)
    state = await _VACUUM.look(p, context)
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


def _anew(before: State, after: State) -> bool:
    return bool(after["file"] != before["file"])


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
    permissions=permissions,
)
