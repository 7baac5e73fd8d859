"""``postgres.vacuum_analyze``: VACUUM (ANALYZE) of a listed table.

Without the right the server only warns and skips the table; that is an error here. It makes room inside
the table and lets the planner know; the file becomes no smaller but for empty pages at its end.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.postgres.connection import find, not_listed
from remediator.actions.postgres.library import library
from remediator.actions.postgres.parameters import PostgresParameters, backend, targets, text
from remediator.actions.postgres.session import Session, changing, reading
from remediator.core.action import Action, Intent, Outputs, Permission
from remediator.core.durations import Duration
from remediator.errors import PermanentError

# Both counts go up only when the work was done.
_STATE = """
SELECT s.vacuum_count::int AS vacuums, s.analyze_count::int AS analyzes, s.n_live_tup AS live, s.n_dead_tup AS dead,
       pg_table_size(s.relid) AS bytes,
       EXISTS (SELECT FROM pg_stat_progress_vacuum p WHERE p.relid = s.relid) AS running
FROM pg_stat_all_tables s WHERE s.schemaname = %(schema)s AND s.relname = %(table)s
"""


class VacuumParameters(PostgresParameters):
    """Which table."""

    table: Annotated[str, Field(min_length=1, max_length=127)] = Field(
        description="A table listed at the connection, as schema.table."
    )
    within: Annotated[Duration, Field(gt=0)] = Field(
        1800.0, description="Limit of the work; the step's own timeout counts, too, and should be longer."
    )


class VacuumOutputs(Outputs):
    """What became of it."""

    dead_before: int = Field(description="Dead rows before, as the statistics had it.")
    dead: int = Field(description="Dead rows now.")
    bytes_before: int = Field(description="Bytes of the table before, without indexes.")
    bytes: int = Field(description="Bytes now.")


async def perform(p: VacuumParameters, context: Context) -> VacuumOutputs:
    """Do it; a second time does no harm."""
    _listed(p, context)
    sql = library().sql
    schema, table = p.table.split(".")
    async with changing(context, p.connection, within=p.within) as session:
        before = await _state(session, p)
        await session.run(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(schema, table)))
        after = await _state(session, p)
    if after["vacuums"] <= before["vacuums"] or after["analyzes"] <= before["analyzes"]:
        said = text(session.notices[0]) if session.notices else "no reason is given"
        raise PermanentError(f"{p.table} was skipped: {said}")
    return VacuumOutputs(
        dead_before=before["dead"], dead=after["dead"], bytes_before=before["bytes"], bytes=after["bytes"]
    )


async def resolve(p: VacuumParameters, context: Context) -> Intent[VacuumParameters]:
    """Record how often it was done before."""
    _listed(p, context)
    async with reading(context, p.connection) as session:
        state = await _state(session, p)
    return Intent(p, {"vacuums": state["vacuums"], "analyzes": state["analyzes"]})


async def happened(intent: Intent[VacuumParameters], context: Context) -> bool | None:
    """Whether it was done since; None while one is running."""
    async with reading(context, intent.parameters.connection) as session:
        state = await _state(session, intent.parameters)
    if state["running"]:
        return None
    return bool(state["vacuums"] > intent.before["vacuums"] and state["analyzes"] > intent.before["analyzes"])


async def preview(p: VacuumParameters, context: Context) -> str:
    """Say what there is to do."""
    _listed(p, context)
    async with reading(context, p.connection) as session:
        state = await _state(session, p)
    running = "; a VACUUM of it is running now" if state["running"] else ""
    return (
        f"VACUUM (ANALYZE) {p.table}: {state['live']:,} rows, {state['dead']:,} dead, {state['bytes']:,} bytes{running}"
    )


def _listed(p: VacuumParameters, context: Context) -> None:
    tables = find(context, p.connection).tables
    if p.table not in tables:
        raise not_listed("table", p.table, tables)


async def _state(session: Session, p: VacuumParameters) -> dict[str, Any]:
    schema, table = p.table.split(".")
    rows = await session.rows(_STATE, {"schema": schema, "table": table})
    if not rows:
        raise PermanentError(f"there is no table {p.table}")
    return rows[0]


ACTION = Action(
    name="postgres.vacuum_analyze",
    summary="Vacuums and analyzes a listed table.",
    parameters=VacuumParameters,
    outputs=VacuumOutputs,
    perform=perform,
    backend=backend,
    changes=True,
    targets=targets,
    resolve=resolve,
    happened=happened,
    preview=preview,
    permissions=lambda p: (Permission("MAINTAIN", f"on {p.table} (before version 17: its owner)"),),
)
