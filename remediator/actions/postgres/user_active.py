"""``postgres.user_active``: whether an application's user is there and active, by a listed statement.

The row itself stays in the database: only whether there is one, and its column ``active``, come out.
"""

from __future__ import annotations

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.postgres.connection import find, statement
from remediator.actions.postgres.library import library
from remediator.actions.postgres.parameters import PostgresParameters, Values, Word, backend
from remediator.actions.postgres.session import reading
from remediator.core.action import Action, CheckOutputs, Permission
from remediator.errors import PermanentError

_COLUMN = "active"


class UserParameters(PostgresParameters):
    """Which statement, for which user."""

    statement: Word = Field(description="Name of a listed statement that selects the user, with a column active.")
    values: Values = Field({}, description="Its values by name; bound, never part of its text.")


class UserOutputs(CheckOutputs):
    """What was found. It holds when there is exactly one row, and that one is active."""

    holds: bool = Field(description="Whether there is exactly one row and it is active.")
    reason: str = Field("", description="Why, in a sentence.")
    present: bool = Field(description="Whether there is a row.")
    active: bool | None = Field(description="Its column active; none without exactly one row, and for NULL.")
    rows: int = Field(description="How many rows there are; 2 stands for more than one.")


async def perform(p: UserParameters, context: Context) -> UserOutputs:
    """Look it up."""
    found = statement(find(context, p.connection), p.statement, p.values)
    sql = library().sql
    query = sql.SQL("SELECT listed.active FROM (") + sql.SQL(found.sql) + sql.SQL("\n) AS listed LIMIT 2")
    async with reading(context, p.connection) as session:
        await session.as_listed()
        rows = await session.rows(query, p.values)
    active = rows[0][_COLUMN] if len(rows) == 1 else None
    if active is not None and not isinstance(active, bool):
        raise PermanentError(f'the column active of "{p.statement}" is not true or false')
    why = "there is no such user" if not rows else "more than one user is found" if len(rows) > 1 else ""
    why = why or ("the user is active" if active else "the user is not active")
    return UserOutputs(holds=active is True, reason=why, present=bool(rows), active=active, rows=len(rows))


ACTION = Action(
    name="postgres.user_active",
    summary="Looks up by a listed statement whether a user of an application is there and active.",
    parameters=UserParameters,
    outputs=UserOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _p: (Permission("SELECT", "what the statement reads"),),
)
