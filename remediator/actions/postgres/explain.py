"""``postgres.explain``: the plan of a listed statement, without running it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.postgres.connection import find, statement
from remediator.actions.postgres.library import library
from remediator.actions.postgres.parameters import (
    Part,
    PostgresParameters,
    Values,
    Word,
    backend,
    text,
)
from remediator.actions.postgres.session import reading
from remediator.core.action import Action, Outputs, Permission
from remediator.errors import PermanentError

_NODES = 100  #: of a plan
_DEEPEST = 50


class ExplainParameters(PostgresParameters):
    """Which statement, with which values."""

    statement: Word = Field(description="Name of a statement listed at the connection.")
    values: Values = Field({}, description="Its values by name; bound, never part of its text.")


class PlanNode(Part):
    """One node of a plan."""

    depth: int = Field(description="0 for the uppermost.")
    node: str = Field(description="Seq Scan, Index Scan, Hash Join, ….")
    table: str = Field(description="The table it reads; empty when it reads none.")
    index: str = Field(description="The index it uses; empty when it uses none.")
    rows: float = Field(description="Rows that the planner expects.")
    cost: float = Field(description="The planner's cost until its last row, those below included.")


class ExplainOutputs(Outputs):
    """What the planner would do."""

    cost: float = Field(description="The planner's cost of all of it.")
    rows: float = Field(description="Rows that it expects.")
    sequential_scans: list[str] = Field(description="Tables that it would read as a whole.")
    indexes: list[str] = Field(description="Indexes that it would use.")
    plan: list[PlanNode] = Field(description="The plan from above; 100 nodes at most.")


async def perform(p: ExplainParameters, context: Context) -> ExplainOutputs:
    """Ask the planner."""
    found = statement(find(context, p.connection), p.statement, p.values)
    sql = library().sql
    query = sql.SQL("EXPLAIN (FORMAT JSON) ") + sql.SQL(found.sql)
    async with reading(context, p.connection) as session:
        await session.as_listed()
        answer = next(iter((await session.row(query, p.values)).values()))
    nodes = list(_nodes(answer[0]["Plan"], 0)) if isinstance(answer, list) and answer else []
    if not nodes:
        raise PermanentError(f'the server shows no plan of "{p.statement}"')
    return ExplainOutputs(
        cost=nodes[0].cost,
        rows=nodes[0].rows,
        sequential_scans=sorted({node.table for node in nodes if node.node == "Seq Scan"}),
        indexes=sorted({node.index for node in nodes if node.index}),
        plan=nodes[:_NODES],
    )


def _nodes(plan: dict[str, Any], depth: int) -> Iterator[PlanNode]:
    # Conditions are left out: they show the values.
    yield PlanNode(
        depth=depth,
        node=text(plan.get("Node Type")),
        table=text(plan.get("Relation Name")),
        index=text(plan.get("Index Name")),
        rows=float(plan.get("Plan Rows", 0)),
        cost=float(plan.get("Total Cost", 0)),
    )
    if depth < _DEEPEST:
        for below in plan.get("Plans", []):
            yield from _nodes(below, depth + 1)


ACTION = Action(
    name="postgres.explain",
    summary="Shows the plan of a listed statement, without running it.",
    parameters=ExplainParameters,
    outputs=ExplainOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _p: (Permission("SELECT", "what the statement reads"),),
)
