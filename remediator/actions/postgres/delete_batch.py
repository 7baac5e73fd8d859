"""``postgres.delete_batch``: delete by a listed statement, a batch at a time.

Each batch is a transaction of its own: short locks, and replicas keep up in the pauses. Deleting writes WAL first, and
frees space inside the table only; its file stays as large as it is. What is deleted cannot be put back.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.postgres.connection import BATCH, Statement, find, statement
from remediator.actions.postgres.library import library
from remediator.actions.postgres.parameters import PostgresParameters, Values, Word, backend, targets
from remediator.actions.postgres.session import Session, changing, reading
from remediator.core.action import Action, Outputs, Permission
from remediator.core.durations import Duration
from remediator.errors import ActionError, AmbiguousError, PermanentError

_SPACE = "deleting writes WAL, and frees space inside the table only: the disk gets no emptier by it"


class DeleteParameters(PostgresParameters):
    """What to delete, and how much of it."""

    statement: Word = Field(description="Name of a listed statement with deletes: true.")
    values: Values = Field({}, description="Its values by name, without batch; bound, never part of its text.")
    batch: int = Field(1000, ge=1, le=100_000, description="Rows of one transaction, at most.")
    max: int = Field(ge=1, le=100_000_000, description="Rows of this step, at most.")
    pause: Annotated[Duration, Field(le=60)] = Field(0.1, description="Between two batches.")


class DeleteOutputs(Outputs):
    """What became of it."""

    deleted: int = Field(description="Rows that were deleted.")
    batches: int = Field(description="Transactions that it took.")
    finished: bool = Field(description="Whether nothing was left to delete; false when max was reached first.")
    note: str = Field(description="What it means for the disk.")


async def perform(p: DeleteParameters, context: Context) -> DeleteOutputs:
    """Delete until nothing is left or the maximum is reached. A failure after the first batch is ambiguous."""
    listed = _listed(p, context)
    deleted = batches = 0
    finished = False
    try:
        async with changing(context, p.connection) as session:
            await session.as_listed()
            while deleted < p.max and not finished:
                if batches:
                    await asyncio.sleep(p.pause)
                size = min(p.batch, p.max - deleted)
                gone = await _batch(session, p, listed, size)
                deleted, batches, finished = deleted + gone, batches + 1, gone < size
    except ActionError as error:
        if not deleted:
            raise
        raise AmbiguousError(f"{deleted:,} rows were deleted, then: {error}", transport=error.transport) from None
    return DeleteOutputs(deleted=deleted, batches=batches, finished=finished, note=_SPACE)


async def preview(p: DeleteParameters, context: Context) -> str:
    """Count the rows, where the statement says how; else tell the planner's estimate."""
    listed = _listed(p, context)
    sql = library().sql
    async with reading(context, p.connection) as session:
        await session.as_listed()
        if listed.count:
            row = await session.row(listed.count.encode(), p.values)
            found = next(iter(row.values()), None)
            if isinstance(found, bool) or not isinstance(found, int):
                raise PermanentError(f'the count of "{p.statement}" is not a whole number')
            about = f"{found:,} rows match"
        else:
            query = sql.SQL("EXPLAIN (FORMAT JSON) ") + sql.SQL(listed.sql)
            plan = next(iter((await session.row(query, {**p.values, BATCH: min(p.batch, p.max)})).values()))
            about = f"the planner reads it with a cost of {plan[0]['Plan']['Total Cost']:,.0f}; rows are not counted"
    return f'delete by "{p.statement}", {min(p.batch, p.max):,} a batch, {p.max:,} at most: {about}\n{_SPACE}'


async def _batch(session: Session, p: DeleteParameters, listed: Statement, size: int) -> int:
    """Delete one batch; more than asked for is taken back."""
    async with session.link.transaction():
        gone = await session.run(listed.sql.encode(), {**p.values, BATCH: size})
        if gone > size:
            raise PermanentError(f'"{p.statement}" deletes {gone:,} rows where batch is {size:,}; nothing was deleted')
    return gone


def _listed(p: DeleteParameters, context: Context) -> Statement:
    if BATCH in p.values:
        raise PermanentError(f'"{BATCH}" is not a value of the statement but a parameter of the step')
    found = statement(find(context, p.connection), p.statement, p.values, given=(BATCH,))
    if not found.deletes:
        raise PermanentError(f'the statement "{p.statement}" is not listed with deletes: true')
    return found


def _once(_p: Any) -> bool:
    return False  # a second time would delete up to the maximum again


ACTION = Action(
    name="postgres.delete_batch",
    summary="Deletes rows by a listed statement in batches with pauses, up to a maximum.",
    parameters=DeleteParameters,
    outputs=DeleteOutputs,
    perform=perform,
    backend=backend,
    changes=True,
    idempotent=_once,
    targets=targets,
    preview=preview,
    needs_approval=True,
    amounts=lambda p: {"rows": p.max},
    permissions=lambda _p: (Permission("DELETE, SELECT", "on the statement's table"),),
)
