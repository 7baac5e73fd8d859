"""One request to a JSON API of a configured connection: ``ask`` reads, ``change`` changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

import aiohttp
import orjson
from pydantic import Field
from yarl import URL

from remediator.actions.answers.access import Access, BaseUrl, credentials, hide, trust
from remediator.actions.answers.failures import (
    BAD_REQUEST,
    BEFORE_WORK,
    FOREIGN,
    MULTIPLE_CHOICES,
    NOBODY_BEHIND,
    OK,
    SERVER_ERROR,
    UNAVAILABLE,
    lost,
    retry_after,
)
from remediator.actions.answers.reading import document, excerpt, printable, read_body
from remediator.actions.context import Context
from remediator.errors import ActionError, AmbiguousError, PermanentError, TemporaryError

ANSWER_LIMIT = 1024 * 1024  #: bytes
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_SAID = 300

Fields = Sequence[tuple[str, str]]


class ApiConnection(Access):
    """A connection to an HTTP API: its URL, credentials and TLS."""

    url: BaseUrl = Field(description="Where the server is, with its path prefix if it has one.")


async def ask(
    context: Context, api: ApiConnection, path: str, *, query: Fields = (), form: Fields | None = None,
    limit: int = ANSWER_LIMIT,
) -> Any:  # fmt: skip
    """Return the JSON that ``path`` answers to GET with ``query``, or to POST with ``form``.

    Reading may be repeated, so whatever may pass by itself is a TemporaryError: no connection, no
    answer, 408, 425, 429, 5xx. Other answers than 2xx, and those that are not JSON or larger than
    ``limit`` bytes (1 MiB), are a PermanentError with what the server said.
    """
    data = None if form is None else urlencode(form).encode()
    method = "GET" if data is None else "POST"
    asked = _Asked(method, path, query, data, _FORM if data is not None else "", limit, changes=False)
    place, body = await _send(context, api, asked)
    try:
        return document(body)
    except ValueError as error:
        raise PermanentError(f"{place}{path}: {error}") from error


async def change(
    context: Context, api: ApiConnection, method: str, path: str, *, json: Mapping[str, Any] | None = None
) -> Any:
    """Send ``json`` with this method; return the JSON of the answer, None when it is empty or none.

    As ``ask``, but an answer that is missing, and a 5xx of one who may have begun, is an AmbiguousError.
    """
    data = None if json is None else orjson.dumps(json)
    asked = _Asked(method, path, (), data, _JSON if data is not None else "", ANSWER_LIMIT, changes=True)
    _, body = await _send(context, api, asked)
    try:
        return document(body)
    except ValueError:
        return None  # it is done, whatever was said about it


class _Asked(NamedTuple):
    method: str
    path: str
    query: Fields
    data: bytes | None
    content_type: str
    limit: int
    changes: bool


async def _send(context: Context, api: ApiConnection, asked: _Asked) -> tuple[str, bytes]:
    """Return ``host:port`` and the body of a 2xx answer."""
    # Encoded here and not again: some servers drop a query that holds a bare ";".
    where = f"{api.url}{asked.path}"
    url = URL(f"{where}?{urlencode(asked.query)}" if asked.query else where, encoded=True)
    place = f"{url.host}:{url.port}"
    known = credentials(api)
    headers = {"accept-encoding": "identity", "accept": "application/json", **known.headers}
    if asked.content_type:
        headers["content-type"] = asked.content_type
    try:
        async with context.session.request(
            asked.method, url, data=asked.data, headers=headers, allow_redirects=False,
            ssl=trust(api.ca_file, tls_verify=api.tls_verify), auto_decompress=False, raise_for_status=False,
        ) as response:  # fmt: skip
            body, cut = await read_body(response, asked.limit)
    except FOREIGN as error:
        raise lost(error, place, reads=not asked.changes) from error
    if not OK <= response.status < MULTIPLE_CHOICES:
        refusal = _refusal(response, body, place, known.secrets, context.now)
        if asked.changes and response.status >= SERVER_ERROR and response.status not in BEFORE_WORK:
            raise AmbiguousError(str(refusal), transport=refusal.transport)
        raise refusal
    if cut and not asked.changes:
        raise PermanentError(f"{place} answered more than {asked.limit} bytes; ask for less")
    return place, body


def _refusal(
    response: aiohttp.ClientResponse, body: bytes, place: str, secrets: tuple[str, ...], now: int
) -> ActionError:
    said, structured = _said(body)
    status = response.status
    text = f"{place} answered {status}" + (f": {excerpt(hide(said, secrets), _SAID)}" if said else "")
    if status in BEFORE_WORK or status >= SERVER_ERROR:
        # An API that words its refusal is there; a bare 503 comes from what stands before it.
        away = status in NOBODY_BEHIND or (status == UNAVAILABLE and not structured)
        return TemporaryError(text, transport=away, retry_after=retry_after(response.headers, now))
    if status < BAD_REQUEST:
        text += "; it points elsewhere, and that is not followed"
    return PermanentError(text)


def _said(body: bytes) -> tuple[str, bool]:
    """Return the server's own words, and whether they came in an API's error document."""
    try:
        value = document(body)
    except ValueError:
        return printable(body[: 4 * _SAID]), False
    if isinstance(value, dict):
        value = value.get("error") or value.get("message")
    return (value, True) if isinstance(value, str) else ("", False)
