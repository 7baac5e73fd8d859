"""What all ways to vacuum have in common: one listed table, its state before and after, a server that only warns.

Without the right for a table the server warns and skips it; here that is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from msgspec import Struct
from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.postgres.connection import Connection, find, not_listed
from remediator.actions.postgres.library import library
from remediator.actions.postgres.parameters import PostgresParameters, text
from remediator.actions.postgres.session import Session, changing, reading
from remediator.core.action import Permission
from remediator.core.durations import Duration
from remediator.errors import PermanentError

State = Mapping[str, Any]


class TableParameters(PostgresParameters):
    """Which table, and for how long."""

    table: Annotated[str, Field(min_length=1, max_length=127)] = Field(
        description="A table listed at the connection, as schema.table."
    )
    within: Annotated[Duration, Field(gt=0)] = Field(
        1800.0, description="Limit of the work; the step's own timeout counts, too, and should be longer."
    )


class Vacuum(Struct, frozen=True):
    """One way to vacuum a table."""

    options: str  #: of the statement: ``ANALYZE``
    query: str  #: what is known of %(schema)s.%(table)s, as one row; none: there is no such table
    listed: Callable[[Connection], tuple[str, ...]]  #: the tables that a connection allows it for
    missing: str = ""  #: which kind of table there is not

    def check(self, p: TableParameters, context: Context) -> None:
        """Raise PermanentError when the table is not listed."""
        tables = self.listed(find(context, p.connection))
        if p.table not in tables:
            raise not_listed("table", p.table, tables)

    async def look(self, p: TableParameters, context: Context) -> State:
        """Return the state of the table."""
        async with reading(context, p.connection) as session:
            return await self._state(session, p)

    async def run(
        self, p: TableParameters, context: Context, happened: Callable[[State, State], bool]
    ) -> tuple[State, State]:
        """Do it; return the state before and after. PermanentError when the table is not listed, or was skipped."""
        self.check(p, context)
        sql = library().sql
        statement = sql.SQL("VACUUM ({}) {}").format(sql.SQL(self.options), sql.Identifier(*p.table.split(".")))
        async with changing(context, p.connection, within=p.within) as session:
            before = await self._state(session, p)
            await session.run(statement)
            after = await self._state(session, p)
        if not happened(before, after):
            said = text(session.notices[0]) if session.notices else "no reason is given"
            raise PermanentError(f"{p.table} was skipped: {said}")
        return before, after

    async def _state(self, session: Session, p: TableParameters) -> State:
        schema, table = p.table.split(".")
        rows = await session.rows(self.query, {"schema": schema, "table": table})
        if not rows:
            raise PermanentError(f"there is no table {p.table}{self.missing}")
        return rows[0]


def permissions(p: TableParameters) -> tuple[Permission, ...]:
    """Return the right that vacuuming a table needs."""
    return (Permission("MAINTAIN", f"on {p.table} (before version 17: its owner)"),)
