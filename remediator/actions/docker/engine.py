"""One conversation with an engine: a client of its own for each step, closed at its end.

aiodocker reads answers whole; here they are bounded below it. Its errors hold the engine's words.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, TypeVar

import aiohttp
import orjson

from remediator.actions.answers.access import trust
from remediator.actions.answers.failures import FOREIGN, SERVER_ERROR, lost
from remediator.actions.answers.reading import excerpt, read_body
from remediator.actions.context import Context
from remediator.actions.docker.connection import Connection, ContainerParameters
from remediator.errors import ActionError, AmbiguousError, PermanentError, TemporaryError

T = TypeVar("T")
_ANSWER = 4 * 1024 * 1024  #: bytes of a document
_NO_CONNECTION = 900  #: aiodocker's code for it
_NOT_FOUND = 404
_SAID = 300
_ID = re.compile(r"[0-9a-f]{12,64}")


@cache
def library() -> Any:
    """Import aiodocker, the first time; PermanentError names the extra when it is not installed."""
    try:
        import aiodocker  # noqa: PLC0415 -- imported late: start time counts
    except ImportError as error:
        raise PermanentError('docker actions need the extra "docker": pip install "remediator[docker]"') from error
    return aiodocker


class _Bounded(aiohttp.ClientResponse):
    """An answer that is not read beyond ``_ANSWER``."""

    async def read(self) -> bytes:
        if self._body is None:
            self._body, cut = await read_body(self, _ANSWER)
            if cut:
                raise aiohttp.ClientPayloadError("the answer is too long")
        return self._body


class Engine:
    """An engine that can be asked; made by ``engine_of``."""

    def __init__(self, docker: Any, connection: Connection, place: str, base: str) -> None:
        self._docker, self._connection, self.place, self._base = docker, connection, place, base

    async def inspect(self, container: str) -> dict[str, Any]:
        """Return the container's document; PermanentError when there is no such container."""
        found = await self._ask(lambda: self._docker.containers.container(container).show(), changes=False)
        if not isinstance(found, dict):
            raise PermanentError(f"{self.place} does not answer as Docker does")
        return found

    async def find(self, p: ContainerParameters) -> str:
        """Return the name of a container, or the id of the one that a service of Compose has under this number."""
        if p.service is None:
            return str(p.container)
        project, _, service = p.service.partition("/")
        labels = {"project": project, "service": service, "container-number": str(p.number), "oneoff": "False"}
        filters = {"label": [f"com.docker.compose.{name}={value}" for name, value in labels.items()]}
        query = {"all": "true", "filters": orjson.dumps(filters).decode()}
        found = await self._ask(lambda: self._docker.containers.list(**query), changes=False)
        ids = [each["Id"] for each in found]
        if len(ids) != 1 or not (isinstance(ids[0], str) and _ID.fullmatch(ids[0])):
            raise PermanentError(f"{self.place} has {len(ids) or 'no'} containers of the service {p.title}")
        return str(ids[0])

    async def restart(self, container: str, grace: int) -> None:
        """Restart it; ``grace`` seconds between the stop signal and the kill."""
        patience = self._connection.timeout
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=patience, sock_read=patience + grace)
        found = self._docker.containers.container(container)
        await self._ask(lambda: found.restart(t=grace, timeout=timeout), changes=True)

    async def log(self, container: str, query: dict[str, str], limit: int) -> tuple[bytes, bool]:
        """Return at most ``limit`` bytes of a log as the engine streams it, and whether there was more."""
        # Not by aiodocker: it would hold all of it, however long.
        path = f"{self._base}/{self._connection.api_version}/containers/{container}/logs"
        try:
            async with self._docker.session.get(path, params=query, allow_redirects=False) as response:
                if not response.ok:
                    raise PermanentError(f"{self.place} answered {response.status} for the log of {container}")
                return await read_body(response, limit)
        except FOREIGN as error:
            raise lost(error, self.place, reads=True) from error

    async def _ask(self, ask: Callable[[], Awaitable[T]], *, changes: bool) -> T:
        try:
            return await ask()
        except library().exceptions.DockerError as error:
            raise self._refused(error, changes=changes) from error
        except FOREIGN as error:
            raise lost(error, self.place, reads=not changes) from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            if changes:
                raise AmbiguousError(f"{self.place} answered what cannot be read") from error
            raise PermanentError(f"{self.place} does not answer as Docker does") from error

    def _refused(self, error: Any, *, changes: bool) -> ActionError:
        status, said = error.status, excerpt(str(error.message), _SAID)
        if status == _NO_CONNECTION:
            # aiodocker tells lost answers and refused connections alike: only one of them certainly did nothing.
            if isinstance(error.__context__, Exception):
                return lost(error.__context__, self.place, reads=not changes)
            return AmbiguousError(f"no answer from {self.place}", transport=True)
        if status >= SERVER_ERROR:
            kind = AmbiguousError if changes else TemporaryError
            return kind(f"{self.place} answered {status}: {said}")
        what = "has no such container" if status == _NOT_FOUND else f"answered {status}"
        return PermanentError(f"{self.place} {what}: {said}")


@asynccontextmanager
async def engine_of(name: str, context: Context) -> AsyncIterator[tuple[Connection, Engine]]:
    """Yield a connection's configuration and its engine."""
    known: Connection = context.connection("docker", name)
    aiodocker = library()
    connector: aiohttp.BaseConnector
    if known.socket:
        place, base, connector = known.socket, "http://docker", aiohttp.UnixConnector(known.socket)
    else:
        place, base = known.url, known.url
        connector = aiohttp.TCPConnector(ssl=trust(known.ca_file, tls_verify=True))
    patience = aiohttp.ClientTimeout(total=None, sock_connect=known.timeout, sock_read=known.timeout)
    # Its own session: the daemon's speaks over no socket, and bounds no document.
    async with aiohttp.ClientSession(connector=connector, timeout=patience, response_class=_Bounded) as session:
        docker = aiodocker.Docker(
            url=base, connector=connector, session=session, timeout=patience, api_version=known.api_version
        )
        yield known, Engine(docker, known, place, base)
