"""Which sessions may be ended at all, and which are meant: SQL on pg_stat_activity.

Never: ours, superusers', roles' with REPLICATION, and everything that is no client (walsenders, autovacuum, workers).
A session is named by its process id and when it began (a cancelled statement also by when that began): a
process id that was given to somebody else since names nobody.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from remediator.actions.postgres.parameters import (
    Part,
    PostgresParameters,
    Word,
    need_sight,
    number,
    text,
)
from remediator.actions.postgres.session import Session
from remediator.errors import PermanentError

MOST = 1000  #: sessions that one step may end

_MAY_BE = """
a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
AND a.application_name NOT LIKE 'remediator%%'
AND EXISTS (SELECT FROM pg_roles r WHERE r.oid = a.usesysid AND NOT r.rolsuper AND NOT r.rolreplication)
AND (cardinality(%(applications)s::text[]) = 0 OR a.application_name = ANY(%(applications)s::text[]))
AND (cardinality(%(users)s::text[]) = 0 OR a.usename = ANY(%(users)s::text[]))
AND (cardinality(%(databases)s::text[]) = 0 OR a.datname = ANY(%(databases)s::text[]))
AND NOT a.application_name = ANY(%(spare)s::text[])
"""
IDLE = """
AND a.state = ANY(%(states)s::text[])
AND a.state_change <= clock_timestamp() - %(seconds)s::float8 * interval '1 second'
"""
LONG = "AND a.state = 'active' AND a.query_start <= clock_timestamp() - %(seconds)s::float8 * interval '1 second'"

_STARTED = "(extract(epoch FROM a.backend_start) * 1000000)::bigint"
_STATEMENT = "(extract(epoch FROM a.query_start) * 1000000)::bigint"
_COLUMNS = f"""
a.pid, {_STARTED} AS started, {_STATEMENT} AS statement, a.usename AS user, a.application_name AS application,
host(a.client_addr) AS client, a.state, extract(epoch FROM clock_timestamp() - a.state_change) AS seconds
"""
_ORDER = "ORDER BY a.state_change, a.pid LIMIT %(max)s"
#: A session by its process id and its beginning; a statement also by its own.
_SESSIONS = f"(a.pid, {_STARTED}) IN (SELECT * FROM unnest(%(pids)s::int[], %(started)s::bigint[]))"  # noqa: S608 -- only our own constants
_STATEMENTS = (
    f"a.state = 'active' AND (a.pid, {_STARTED}, {_STATEMENT}) IN"  # noqa: S608 -- only our own constants
    " (SELECT * FROM unnest(%(pids)s::int[], %(started)s::bigint[], %(statements)s::bigint[]))"
)


class SessionName(Part):
    """A session, told apart from a later one with the same process id."""

    pid: int = Field(ge=1, description="Its process id.")
    started: int = Field(description="When it began, in microseconds since 1970.")
    statement: int | None = Field(None, description="When its statement began, where that is what is meant.")


Sessions = Annotated[tuple[SessionName, ...], Field(max_length=MOST)]
Words = Annotated[tuple[Word, ...], Field(max_length=50)]


class EndingParameters(PostgresParameters):
    """Whose sessions, and how many."""

    applications: Words = Field((), description="Only of these application_names. Default: of all.")
    users: Words = Field((), description="Only of these roles. Default: of all.")
    databases: Words = Field((), description="Only of these databases. Default: of all.")
    max: int = Field(50, ge=1, le=MOST, description="At most so many, the oldest first.")
    sessions: Sessions | None = Field(
        None,
        description="Exactly these, as far as they still fulfil the rest. Filled in before the step is done, so that a "
        "repeat ends nobody new.",
    )


class EndedSession(Part):
    """A session, or its statement, that was ended."""

    pid: int = Field(description="Its process id.")
    user: str = Field(description="Its role.")
    application: str = Field(description="Its application_name.")
    client: str = Field(description="Its client's address; empty for a Unix socket.")
    state: str = Field(description="What it did: idle, idle in transaction, active, ….")
    seconds: float | None = Field(description="For how long.")


def values(p: EndingParameters, more: dict[str, Any]) -> dict[str, Any]:
    """Return what the conditions bind."""
    named = p.sessions or ()
    return {
        "applications": list(p.applications),
        "users": list(p.users),
        "databases": list(p.databases),
        "spare": [],
        "max": p.max,
        "pids": [each.pid for each in named],
        "started": [each.started for each in named],
        "statements": [each.statement for each in named],
    } | more


async def may_signal(session: Session) -> None:
    """Raise PermanentError without the rights, before the first of several sessions is ended."""
    await need_sight(session)
    if not (await session.row("SELECT pg_has_role('pg_signal_backend', 'USAGE') AS may"))["may"]:
        raise PermanentError(f"{session.place}: the role must be a member of pg_signal_backend to end sessions")


async def choose(session: Session, condition: str, bound: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the sessions that fulfil the condition, the longest first."""
    return await session.rows(f"SELECT {_COLUMNS} FROM pg_stat_activity a WHERE {_MAY_BE} {condition} {_ORDER}", bound)  # noqa: S608 -- only our own constants are put together


async def end(session: Session, function: str, condition: str, bound: dict[str, Any]) -> list[dict[str, Any]]:
    """Signal those that are named and still fulfil the condition, in one statement; return them."""
    which = _STATEMENTS if condition == LONG else _SESSIONS
    return await session.rows(
        f"WITH chosen AS MATERIALIZED (SELECT {_COLUMNS} FROM pg_stat_activity a"  # noqa: S608 -- only our own constants
        f" WHERE {_MAY_BE} {condition} AND {which} {_ORDER})"
        f" SELECT *, {function}(pid) AS signalled FROM chosen",
        bound,
    )


async def left(session: Session, condition: str, bound: dict[str, Any]) -> int:
    """Return how many of the named sessions are still there (of statements: still running)."""
    which = _STATEMENTS if condition == LONG else _SESSIONS
    row = await session.row(f"SELECT count(*)::int AS count FROM pg_stat_activity a WHERE {which}", bound)  # noqa: S608 -- only our own constants
    found: int = row["count"]
    return found


def ended_session(row: dict[str, Any]) -> EndedSession:
    """Return what is told about a session."""
    return EndedSession(
        pid=row["pid"],
        user=text(row["user"]),
        application=text(row["application"]),
        client=text(row["client"]),
        state=text(row["state"]),
        seconds=number(row["seconds"]),
    )
