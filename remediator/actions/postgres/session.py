"""One session a step: opened, bounded in time, closed. Looking happens in a read-only transaction.

No pool: a step every few seconds does not need one, and idle sessions of ours would be part of the
trouble that we are called for. How many there are at once is bounded per connection.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from remediator.actions.answers.access import read_secret
from remediator.actions.context import Context
from remediator.actions.postgres.connection import Connection, find
from remediator.actions.postgres.failures import refused, refused_entry
from remediator.actions.postgres.library import library
from remediator.errors import PermanentError, TemporaryError

OURS = "remediator"  #: application_name of our sessions; those are never ended by us
_ROWS = 1000  #: of one answer
_NOTICES = 20

#: Where Debian, Red Hat and Alpine keep them.
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")

_LIMITS = """
SELECT set_config('statement_timeout', %(statement)s, false), set_config('lock_timeout', %(lock)s, false),
       set_config('idle_in_transaction_session_timeout', '60s', false), set_config('search_path', %(path)s, false)
"""


class Session(Struct):
    """An open session; ``rows`` and ``run`` take the SQL and the values that the server binds to it.

    Without values (None) the text is sent as it is; with some, even an empty mapping, ``%`` is written ``%%``.
    """

    link: Any
    place: str
    notices: list[str] = field(default_factory=list)  #: warnings that the server sent

    async def rows(self, query: Any, values: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return the first 1,000 rows of a query's answer."""
        cursor = await self.link.execute(query, values)
        found: list[dict[str, Any]] = await cursor.fetchmany(_ROWS)
        return found

    async def row(self, query: Any, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the first row; PermanentError when there is none."""
        found = await self.rows(query, values)
        if not found:
            raise PermanentError(f"{self.place} answers nothing where one row was expected")
        return found[0]

    async def run(self, query: Any, values: Mapping[str, Any] | None = None) -> int:
        """Run a statement and return how many rows it touched."""
        cursor = await self.link.execute(query, values)
        return max(int(cursor.rowcount), 0)

    async def as_listed(self) -> None:
        """Let names mean what they mean to the role: what the site lists need not name every schema."""
        await self.link.execute("RESET search_path")


@asynccontextmanager
async def reading(context: Context, name: str) -> AsyncIterator[Session]:
    """Open a session in a read-only transaction, for looking."""
    async with _opened(context, name, reads=True, within=None) as session:
        await session.link.set_read_only(True)
        await session.link.set_autocommit(False)
        yield session


@asynccontextmanager
async def changing(
    context: Context, name: str, *, within: float | None = None, patient: bool = False
) -> AsyncIterator[Session]:
    """Open a session whose statements commit each by itself.

    ``within`` replaces statement_timeout, in seconds; ``patient`` lets a statement wait for locks as long: for
    work that nobody else waits behind.
    """
    async with _opened(context, name, reads=False, within=within) as session:
        if patient:
            await session.run("SELECT set_config('lock_timeout', '0', false)")
        yield session


@asynccontextmanager
async def _opened(context: Context, name: str, *, reads: bool, within: float | None) -> AsyncIterator[Session]:
    connection, psycopg = find(context, name), library()
    secrets = (read_secret(connection.password_file),) if connection.password_file else ()
    room: asyncio.Semaphore = await context.clients.get(f"postgres/{name}", lambda: _room(connection))
    async with room:
        link = await _connect(psycopg, connection, name, secrets)
        session = Session(link, f"postgres/{name}")
        link.add_notice_handler(lambda notice: _note(session, notice))
        try:
            await link.execute(_LIMITS, _limits(connection, within))
            yield session
        except psycopg.Error as error:
            # No ``from``: a traceback would print the cause, whose text may quote rows and settings.
            raise refused(error, session.place, secrets, reads=reads) from None
        finally:
            await link.close()


async def _room(connection: Connection) -> asyncio.Semaphore:
    return asyncio.Semaphore(connection.sessions)


async def _connect(psycopg: Any, connection: Connection, name: str, secrets: tuple[str, ...]) -> Any:
    place = f"postgres/{name}"
    try:
        async with asyncio.timeout(connection.connect_timeout):
            return await psycopg.AsyncConnection.connect(
                **_how(connection, secrets),
                autocommit=True,
                row_factory=psycopg.rows.dict_row,
                prepare_threshold=None,
            )
    except TimeoutError:
        raise TemporaryError(f"no connection to {place}: the time was up", transport=True) from None
    except psycopg.Error as error:
        raise refused_entry(error, place, secrets) from None
    except (OSError, UnicodeError, ValueError) as error:
        raise TemporaryError(f"no connection to {place}: {type(error).__name__}", transport=True) from None


def _how(connection: Connection, secrets: tuple[str, ...]) -> dict[str, Any]:
    how: dict[str, Any] = {
        "host": connection.host,
        "port": connection.port,
        "dbname": connection.database,
        "user": connection.user,
        "sslmode": connection.sslmode,
        "application_name": OURS,
        "client_encoding": "UTF8",
        "connect_timeout": max(2, round(connection.connect_timeout)),
    }
    if secrets:
        how["password"] = secrets[0]
    if connection.sslmode.startswith("verify"):
        how["sslrootcert"] = connection.ca_file or _system_authorities()
    return how


def _system_authorities() -> str:
    """Return the file of the system's authorities. The OpenSSL in psycopg's wheels looks in a folder of its own."""
    known = (os.environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile, *_BUNDLES)
    return next((file for file in known if file and Path(file).is_file()), "system")


def _limits(connection: Connection, within: float | None) -> dict[str, str]:
    statement = connection.statement_timeout if within is None else within
    return {
        "statement": f"{max(round(statement * 1000), 1)}ms",
        "lock": f"{max(round(connection.lock_timeout * 1000), 1)}ms",
        "path": "",  # our own queries mean the catalogue, whatever else has its names
    }


def _note(session: Session, notice: Any) -> None:
    if notice.severity_nonlocalized == "WARNING" and len(session.notices) < _NOTICES:
        session.notices.append(str(notice.message_primary or "")[:_ROWS])
