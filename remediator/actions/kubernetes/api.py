"""Requests to one API server: raw JSON, every answer bounded and checked, nothing tried twice.

But for one thing: what was refused with 401 goes out once more if the credential has been renewed since.

Changes are PATCH, never PUT: aiohttp repeats a PUT by itself when a kept connection turns out closed,
and the second would meet a conflict that hides the first one's success.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson
from msgspec import Struct

from remediator.actions.context import Context
from remediator.actions.kubernetes.connection import Connection, make_client
from remediator.actions.kubernetes.documents import Document, clean, objects, text
from remediator.actions.kubernetes.refusals import refusal
from remediator.actions.kubernetes.upgrade import once, upgrade
from remediator.errors import ActionError, AmbiguousError, PermanentError, TemporaryError

FIELD_MANAGER = "remediator"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"

METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
"""An object's metadata alone: of a Secret, no value is ever sent to us."""

_JSON = "application/json"
_LARGEST_ANSWER = 32 * 1024 * 1024  # 500 pods with long specifications stay below a tenth of it
_LARGEST_REFUSAL = 64 * 1024
_PAGE = 500
_CONNECT_WITHIN = 10.0

Query = Sequence[tuple[str, str]]
Body = Document | list[Document]
"""What a request sends; a JSON patch is a list."""


class _Session(Struct):
    """A client and how many requests are using it, so that a replaced one is closed after its last."""

    client: Any
    users: int = 0
    replaced: bool = False


class Listing(Struct, frozen=True):
    """Objects of a list; ``complete`` is false when there were more than we read."""

    items: list[Document]
    complete: bool


class Api:
    """One connection's API server. The client is made at the first request, and again after a 401."""

    def __init__(self, name: str, connection: Connection) -> None:
        self._name = name
        self._connection = connection
        self._session: _Session | None = None
        self._opening = asyncio.Lock()

    async def get(self, path: str, query: Query = (), *, accept: str = _JSON) -> Document:
        """Return one object; ``accept`` asks for another form of it (see METADATA_ONLY)."""
        return await self.request("GET", path, query=query, accept=accept)

    async def patch(self, path: str, body: Body, kind: str, *, dry_run: bool = False) -> Document:
        """Patch one object (``kind`` is the patch's media type) and return it as it then is, or would be."""
        query = [("fieldManager", FIELD_MANAGER), *([("dryRun", "All")] if dry_run else [])]
        return await self.request("PATCH", path, query=query, body=body, media=kind, changes=not dry_run)

    async def list(self, path: str, query: Query = (), *, pages: int = 4) -> Listing:
        """Return the objects of a list, at most ``pages`` pages of 500."""
        items: list[Document] = []
        complete = True
        async for page in self.pages(path, query, pages=pages):
            items += page.items
            complete = page.complete
        return Listing(items, complete=complete)

    async def pages(self, path: str, query: Query = (), *, pages: int) -> AsyncIterator[Listing]:
        """Yield a list page by page, so that a caller need not hold it all; ``complete`` marks the list's end."""
        after = ""
        for _ in range(pages):
            more = [("continue", after)] if after else []
            answer = await self.request("GET", path, query=[*query, ("limit", str(_PAGE)), *more])
            if not isinstance(answer.get("items", []), (list, type(None))):
                raise PermanentError(f"GET {path}: the answer is not a list of objects")
            after = text(answer, "metadata", "continue", limit=4096)
            yield Listing(objects(answer, "items"), complete=not after)
            if not after:
                return

    async def request(
        self, method: str, path: str, *, query: Query = (), body: Body | None = None,
        media: str = _JSON, accept: str = _JSON, changes: bool = False,
    ) -> Document:  # fmt: skip
        """Send one request and return the object that answers it; ``changes``: its loss is ambiguous."""
        what = f"{method} {path}"
        with _translated(what, changes=changes):
            async with self._answer(method, path, query, body, (media, accept), changes=changes) as response:
                content = await _read(response, _LARGEST_ANSWER)
        try:
            document = orjson.loads(content) if content is not None else None
        except orjson.JSONDecodeError:
            document = None
        if isinstance(document, dict):
            return document
        problem = f"{what}: the answer is not what an API server sends"
        raise AmbiguousError(problem) if changes else PermanentError(problem)

    @asynccontextmanager
    async def stream(self, path: str, query: Query = ()) -> AsyncIterator[AsyncIterator[bytes]]:
        """Give the answer's bytes as they come; the caller decides how many it takes."""
        with _translated(f"GET {path}", changes=False):
            async with self._answer("GET", path, query, None, (_JSON, _JSON), changes=False) as response:
                yield response.content.iter_any()

    @asynccontextmanager
    async def websocket(
        self, path: str, query: Query, protocols: Sequence[str], *, changes: bool
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Open a WebSocket; a refusal is that of any request. What is lost once it is open is the caller's."""
        what = f"GET {path}"
        async with self._client() as client, once(client.rest_client.pool_manager) as session:
            with _translated(what, changes=changes):
                try:
                    headers = await self._headers(client)
                    async with asyncio.timeout(self._connection.request_timeout):
                        socket = await upgrade(session, client, (path, query), headers, protocols)
                except aiohttp.WSServerHandshakeError as error:  # aiohttp has thrown the server's words away
                    if error.status == HTTPStatus.UNAUTHORIZED:
                        self._replace(client)
                    raise refusal(error.status, error.headers or {}, b"", what=what, changes=changes) from error
            async with socket:
                yield socket

    async def close(self) -> None:
        """Close the client."""
        session, self._session = self._session, None
        if session is not None:
            await session.client.close()

    @asynccontextmanager
    async def _answer(
        self, method: str, path: str, query: Query, body: Body | None, media: tuple[str, str], *, changes: bool
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        for once_more in (True, False):
            async with self._client() as client:
                limit = self._connection.request_timeout
                headers = await self._headers(client, *media)
                response = await client.request(
                    method, client.configuration.host + path, query_params=list(query), body=body, headers=headers,
                    _preload_content=False,
                    _request_timeout=aiohttp.ClientTimeout(total=limit, sock_connect=min(limit, _CONNECT_WITHIN)),
                )  # fmt: skip
                async with response:
                    if response.status == HTTPStatus.UNAUTHORIZED:
                        self._replace(client)
                        if once_more and await self._renewed(headers, media):
                            continue
                    if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
                        refused = await _read(response, _LARGEST_REFUSAL) or b""
                        what = f"{method} {path}"
                        raise refusal(response.status, response.headers, refused, what=what, changes=changes)
                    yield response
                    return

    async def _renewed(self, refused: dict[str, str], media: tuple[str, str]) -> bool:
        """Whether the credential, read anew (a file, a plug-in), is another one than that which was refused.

        Tokens run out between two steps, in minutes where a plug-in makes them. A 401 says that nothing
        was done, so the same request may go out with the new one; with the same one it is not repeated.
        """
        async with self._client() as client:
            return await self._headers(client, *media) != refused

    async def _headers(self, client: Any, media: str = _JSON, accept: str = _JSON) -> dict[str, str]:
        headers = {**client.default_headers, "Accept": accept, "Content-Type": media}
        unusable = f'kubernetes connection "{self._name}": cannot use its credential'
        try:
            await client.update_params_for_auth(headers, [], ["BearerToken"])
        except Exception as error:  # noqa: BLE001 -- reading the token anew can fail in any way; its text may hold it
            raise TemporaryError(f"{unusable} ({type(error).__name__})") from None
        headers = {name: value.strip() for name, value in headers.items()}  # a token file may end with a newline
        if not all(value.isprintable() for value in headers.values()):
            raise PermanentError(f"{unusable}: it has control characters")
        return headers

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[Any]:
        async with self._opening:
            if self._session is None:
                self._session = _Session(await make_client(self._name, self._connection))
            session = self._session
        session.users += 1
        try:
            yield session.client
        finally:
            session.users -= 1
            if session.replaced and not session.users:
                await session.client.close()

    def _replace(self, client: Any) -> None:
        """Forget a client whose credential was refused; the next request reads the credential anew."""
        if self._session is not None and self._session.client is client:
            self._session.replaced = True
            self._session = None


async def open_api(context: Context, name: str) -> Api:
    """Return the daemon's one Api of this connection."""
    connection = context.connection("kubernetes", name)

    async def make() -> Api:
        return Api(name, connection)

    return await context.clients.get(f"kubernetes/{name}", make)


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes | None:
    """Return the body; None when it is longer than ``limit``."""
    parts, size = [], 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > limit:
            response.close()  # do not read the rest to keep the connection
            return None
        parts.append(part)
    return b"".join(parts)


@contextmanager
def _translated(what: str, *, changes: bool) -> Iterator[None]:
    """Turn what aiohttp raises into our errors; whatever was sent and not answered is ambiguous for a change."""
    lost: type[ActionError] = AmbiguousError if changes else TemporaryError
    try:
        yield
    except aiohttp.ClientConnectorCertificateError as error:
        raise PermanentError(f"{what}: {clean(str(error))}", transport=True) from error
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError) as error:
        raise TemporaryError(f"{what}: no connection: {clean(str(error))}", transport=True) from error
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        raise PermanentError(f"{what}: the server's address is not a URL") from error
    except TimeoutError as error:
        raise lost(f"{what}: no answer in time", transport=True) from error
    except ValueError as error:  # what aiohttp was handed cannot be sent; its words may quote it
        raise lost(f"{what}: the request could not be made ({type(error).__name__})") from None
    except (aiohttp.ClientError, OSError) as error:
        detail = clean(str(error)) or type(error).__name__
        raise lost(f"{what}: the connection was lost: {detail}", transport=True) from error
