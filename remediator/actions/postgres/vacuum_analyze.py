"""``postgres.vacuum_analyze``: VACUUM (ANALYZE) of a listed table.

It makes room inside the table and lets the planner know; the file becomes no smaller but for empty pages
at its end.
"""

from __future__ import annotations

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.postgres.parameters import backend, targets
from remediator.actions.postgres.vacuum import State, TableParameters, Vacuum, permissions
from remediator.core.action import Action, Intent, Outputs

# Both counts go up only when the work was done.
_VACUUM = Vacuum(
    options="ANALYZE",
    query="""
SELECT s.vacuum_count::int AS vacuums, s.analyze_count::int AS analyzes, s.n_live_tup AS live, s.n_dead_tup AS dead,
       pg_table_size(s.relid) AS bytes,
       EXISTS (SELECT FROM pg_stat_progress_vacuum p WHERE p.relid = s.relid) AS running
FROM pg_stat_all_tables s WHERE s.schemaname = %(schema)s AND s.relname = %(table)s
""",
    listed=lambda connection: connection.tables,
)


class VacuumParameters(TableParameters):
    """Which table."""


class VacuumOutputs(Outputs):
    """What became of it."""

    dead_before: int = Field(description="Dead rows before, as the statistics had it.")
    dead: int = Field(description="Dead rows now.")
    bytes_before: int = Field(description="Bytes of the table before, without indexes.")
    bytes: int = Field(description="Bytes now.")


async def perform(p: VacuumParameters, context: Context) -> VacuumOutputs:
    """Do it; a second time does no harm."""
    before, after = await _VACUUM.run(p, context, _both)
    return VacuumOutputs(
        dead_before=before["dead"], dead=after["dead"], bytes_before=before["bytes"], bytes=after["bytes"]
    )


async def resolve(p: VacuumParameters, context: Context) -> Intent[VacuumParameters]:
    """Record how often it was done before."""
    _VACUUM.check(p, context)
    state = await _VACUUM.look(p, context)
    return Intent(p, {"vacuums": state["vacuums"], "analyzes": state["analyzes"]})


async def happened(intent: Intent[VacuumParameters], context: Context) -> bool | None:
    """Whether it was done since; None while one is running."""
    state = await _VACUUM.look(intent.parameters, context)
    if state["running"]:
        return None
    return _both(intent.before, state)


async def preview(p: VacuumParameters, context: Context) -> str:
    """Say what there is to do."""
    _VACUUM.check(p, context)
    state = await _VACUUM.look(p, context)
    running = "; a VACUUM of it is running now" if state["running"] else ""
    return (
        f"VACUUM (ANALYZE) {p.table}: {state['live']:,} rows, {state['dead']:,} dead, {state['bytes']:,} bytes{running}"
    )


def _both(before: State, after: State) -> bool:
    return bool(after["vacuums"] > before["vacuums"] and after["analyzes"] > before["analyzes"])


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
    permissions=permissions,
)
