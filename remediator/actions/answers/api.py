"""One reading request to a JSON API of a configured connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import aiohttp
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
from remediator.errors import ActionError, PermanentError, TemporaryError

ANSWER_LIMIT = 1024 * 1024  #: bytes
_FORM = "application/x-www-form-urlencoded"
_SAID = 300

Fields = Sequence[tuple[str, str]]


class ApiConnection(Access):
    """A connection to an HTTP API: its URL, credentials and TLS."""

    url: BaseUrl = Field(description="Where the server is, with its path prefix if it has one.")


async def ask(
    context: Context, api: ApiConnection, path: str, *, query: Fields = (), form: Fields | None = None
) -> Any:
    """Return the JSON that ``path`` answers to GET with ``query``, or to POST with ``form``.

    Reading may be repeated, so whatever may pass by itself is a TemporaryError: no connection, no
    answer, 408, 425, 429, 5xx. Other answers than 2xx, and those that are not JSON or larger than
    1 MiB, are a PermanentError with what the server said.
    """
    # Encoded here and not again: some servers drop a query that holds a bare ";".
    url = URL(f"{api.url}{path}?{urlencode(query)}" if query else f"{api.url}{path}", encoded=True)
    place = f"{url.host}:{url.port}"
    known = credentials(api)
    headers = {"accept-encoding": "identity", "accept": "application/json", **known.headers}
    data = None
    if form is not None:
        headers["content-type"] = _FORM
        data = urlencode(form).encode()
    try:
        async with context.session.request(
            "GET" if data is None else "POST", url, data=data, headers=headers, allow_redirects=False,
            ssl=trust(api.ca_file, tls_verify=api.tls_verify), auto_decompress=False, raise_for_status=False,
        ) as response:  # fmt: skip
            body, cut = await read_body(response, ANSWER_LIMIT)
    except FOREIGN as error:
        raise lost(error, place, reads=True) from error
    if not OK <= response.status < MULTIPLE_CHOICES:
        raise _refusal(response, body, place, known.secrets, context.now)
    if cut:
        raise PermanentError(f"{place} answered more than {ANSWER_LIMIT} bytes; ask for less")
    try:
        return document(body)
    except ValueError as error:
        raise PermanentError(f"{place}{path}: {error}") from error


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
