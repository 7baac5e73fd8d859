"""What the parameters of all steps have in common, and small parts of their outputs."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from remediator.actions.answers.reading import excerpt
from remediator.actions.postgres.session import Session
from remediator.core.action import NamesConnection, Parameters, Permission
from remediator.errors import PermanentError

QUERY_SHOWN = 500  #: characters of a statement's text

Word = Annotated[str, Field(min_length=1, max_length=200)]
Value = Annotated[str, Field(max_length=4096)] | int | float | bool | None
"""A value bound to a listed statement. The server reads a text as what the place in the statement needs."""
Values = Annotated[dict[str, Value], Field(max_length=32)]


class PostgresParameters(Parameters):
    """Which server."""

    connection: Annotated[str, NamesConnection()] = Field(
        "default", description="Name of an entry under connections.postgres."
    )


class Part(BaseModel):
    """Base of what outputs hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Count(Part):
    """How many sessions have this in common."""

    name: str = Field(description="What they have in common; empty when the server does not know it.")
    count: int = Field(description="How many sessions.")


MONITOR = Permission("member of", "pg_monitor")
SIGNAL = Permission("member of", "pg_signal_backend")


def backend(p: PostgresParameters) -> str:
    """Return ``postgres/NAME``: what the step talks to."""
    return f"postgres/{p.connection}"


def targets(p: PostgresParameters) -> tuple[str, ...]:
    """Return ``postgres/NAME``: what a changing step changes."""
    return (backend(p),)


def watches(_p: Any) -> tuple[Permission, ...]:
    """Return the right that looking at other sessions needs."""
    return (MONITOR,)


def connects(_p: Any) -> tuple[Permission, ...]:
    """Return the right that every step needs."""
    return (Permission("CONNECT", "the database"),)


async def need_sight(session: Session) -> None:
    """Raise PermanentError when the role sees only its own sessions: half the truth would look like all of it."""
    found = await session.row("SELECT pg_has_role('pg_read_all_stats', 'USAGE') AS sees")
    if not found["sees"]:
        raise PermanentError(f"{session.place}: the role must be a member of pg_monitor to see other sessions")


def text(value: Any, limit: int = 200) -> str:
    """Return what the server sent as bounded, printable text; empty for NULL."""
    return "" if value is None else excerpt(str(value), limit)


def number(value: Any) -> float | None:
    """Return a number, rounded to a thousandth; None for NULL."""
    return None if value is None else round(float(value), 3)
