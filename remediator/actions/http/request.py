"""``http.request``: asks a service's own API to change something.

What a failure means is decided by whether the request can have reached the service: nothing is
called "did not happen" unless that is certain. This is the path of most steps, so it makes few
objects: no client, no retry, no timer of its own.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any, Literal

import aiohttp
import orjson
from pydantic import Field, model_validator

from remediator.actions.answers.access import hide
from remediator.actions.answers.failures import (
    BAD_REQUEST,
    BEFORE_WORK,
    FOREIGN,
    MULTIPLE_CHOICES,
    NOBODY_BEHIND,
    SERVER_ERROR,
    lost,
    retry_after,
)
from remediator.actions.answers.reading import EXCERPT, document, excerpt, printable, read_body
from remediator.actions.context import Context
from remediator.actions.http.conditions import Statuses, allows, find, judge_values
from remediator.actions.http.destination import Destination, Place, backend, place_of
from remediator.actions.http.take_back import TakeBack
from remediator.core.action import Action, Intent, Json, Outputs
from remediator.core.durations import Duration
from remediator.errors import ActionError, AmbiguousError, PermanentError, TemporaryError

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})  #: RFC 9110, section 9.2.1
IDEMPOTENT = SAFE | {"PUT", "DELETE"}  #: RFC 9110, section 9.2.2
_BODY_LIMIT = 1_048_576  #: characters in a request's body
_SHOWN = 300
_PREVIEW = 2000

with warnings.catch_warnings():
    # "json" is the word that people expect; pydantic's old method of that name is not used here.
    warnings.filterwarnings("ignore", message='Field name "json"')

    class RequestParameters(Destination):
        """What to send, and which answer means that it was done."""

        method: Literal["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST", "PATCH"] = Field(
            "POST", description="The request's method."
        )
        json: dict[str, Any] | list[Any] | Json | None = Field(  # type: ignore[assignment]  # see above
            None, description="The body as JSON: a mapping, a list, or a JSON document as text."
        )
        body: str | None = Field(None, description="The body as text, sent as UTF-8. Instead of json.")
        expect: Statuses = Field(
            ("200-299",), description='A status that means success: 204, "200-299", "2xx", or a list.'
        )
        idempotent: bool | None = Field(
            None,
            description="Whether sending it twice equals sending it once. Default by method (RFC 9110): "
            "GET, HEAD, OPTIONS, PUT, DELETE yes; POST, PATCH no. It cannot be false for the first five.",
        )
        timeout: Duration = Field(
            10.0, gt=0, description="How long to wait for a connection, and then for each part of the answer."
        )
        body_limit: int = Field(65_536, ge=0, le=1_048_576, description="Bytes of the answer that are read.")
        undo: TakeBack | None = Field(
            None, description="The request that takes this one back. Without it this one cannot be undone."
        )

        @model_validator(mode="after")
        def _can_be_sent(self) -> RequestParameters:
            if self.json is not None and self.body is not None:
                raise ValueError("give one of json and body")
            if (self.json is not None or self.body is not None) and self.method in {"GET", "HEAD"}:
                raise ValueError(f"{self.method} takes no body")
            if self.idempotent is False and self.method in IDEMPOTENT:
                # aiohttp itself repeats these methods once when a kept connection turns out to be closed.
                raise ValueError(f"{self.method} is idempotent by definition; use POST for what must not be repeated")
            if self.undo is not None and self.method in SAFE:
                raise ValueError(f"{self.method} changes nothing that could be taken back")
            if len(self.body or "") > _BODY_LIMIT:
                raise ValueError(f"the body has more than {_BODY_LIMIT} characters")
            _encoded(self)
            return self

    class RequestOutputs(Outputs):
        """What the service answered."""

        status: int = Field(description="The answer's status code.")
        body: str = Field("", description="The beginning of the body, 4096 characters at most.")
        json: Any = Field(None, description="The body's JSON; none when it is not JSON or longer than body_limit.")


async def request(parameters: RequestParameters, context: Context) -> RequestOutputs:
    """Send once. Raise TemporaryError, PermanentError or AmbiguousError by what is known to have happened."""
    place = place_of(parameters, context)
    headers = place.headers
    data = _encoded(parameters)
    if parameters.json is not None:
        headers.setdefault("content-type", "application/json")
    if context.key and parameters.method not in SAFE:
        headers.setdefault("idempotency-key", context.key)
    try:
        async with context.session.request(
            parameters.method, place.url, data=data, headers=headers, ssl=place.ssl,
            timeout=_timeout(parameters.timeout), allow_redirects=False, auto_decompress=False, raise_for_status=False,
        ) as response:  # fmt: skip
            body, cut = await read_body(response, parameters.body_limit)
    except FOREIGN as error:
        raise lost(error, place.name, reads=False) from error
    text = hide(printable(body), place.secrets)
    if not allows(parameters.expect, response.status):
        raise _unexpected(parameters, response, text, place, context.now)
    found = None if cut else _json(response, text)
    return RequestOutputs(status=response.status, body=excerpt(text, EXCERPT), json=found)


def _unexpected(
    parameters: RequestParameters, response: aiohttp.ClientResponse, text: str, place: Place, now: int
) -> ActionError:
    status = response.status
    said = f"{place.name} answered {status}" + (f": {excerpt(text, _SHOWN)}" if text else "")
    if status in BEFORE_WORK:
        return TemporaryError(said, retry_after=retry_after(response.headers, now))
    if status >= SERVER_ERROR:
        kind = TemporaryError if is_idempotent(parameters) else AmbiguousError
        return kind(said, transport=status in NOBODY_BEHIND, maybe=parameters.method not in SAFE)
    if status >= BAD_REQUEST:
        return PermanentError(said)
    if status >= MULTIPLE_CHOICES:
        return PermanentError(f"{said}; it points elsewhere, and that is not followed")
    if parameters.method in SAFE:
        return PermanentError(f"{said}; another status was expected")
    return AmbiguousError(f"{said}: a success, but not the one expected")


def _json(response: aiohttp.ClientResponse, text: str) -> Any:
    if "json" not in response.headers.get("Content-Type", "").lower():
        return None
    try:
        return document(text.encode())
    except ValueError:
        return None


def _encoded(parameters: RequestParameters) -> bytes | None:
    """Return the body's bytes. Raise ValueError when it is not JSON, too long, or not Unicode."""
    if parameters.body is not None:
        return parameters.body.encode()
    if parameters.json is None:
        return None
    if not isinstance(parameters.json, str):
        try:
            data = orjson.dumps(parameters.json)
        except TypeError as error:
            raise ValueError("json holds what JSON cannot say") from error
    else:
        data = parameters.json.encode()
        try:
            orjson.loads(data)
        except orjson.JSONDecodeError:
            raise ValueError("json is a text that is not a JSON document") from None
    if len(data) > _BODY_LIMIT:
        raise ValueError(f"json is longer than {_BODY_LIMIT} bytes")
    return data


@lru_cache(maxsize=64)
def _timeout(seconds: float) -> aiohttp.ClientTimeout:
    # Not "total": it would not tell whether the connection or the answer was waited for.
    return aiohttp.ClientTimeout(total=None, connect=seconds, sock_connect=seconds, sock_read=seconds)


def is_idempotent(parameters: RequestParameters) -> bool:
    """Whether the request may be repeated: as the step says, else by its method (RFC 9110)."""
    return parameters.method in IDEMPOTENT if parameters.idempotent is None else parameters.idempotent


async def preview(parameters: RequestParameters, context: Context) -> str:
    """Return what would be sent, without headers. Nothing is asked of the service."""
    where = parameters.url
    if parameters.connection:
        where = f"{context.connection('http', parameters.connection).base_url}{parameters.path}"
    data = _encoded(parameters)
    return excerpt(f"{parameters.method} {where}" + (f"\n{printable(data)}" if data else ""), _PREVIEW)


async def undo(intent: Intent[RequestParameters], context: Context) -> RequestOutputs:
    """Send the opposite request, unless the place says that somebody else has changed it since: PermanentError."""
    done = intent.parameters
    back = done.undo
    if back is None:
        raise PermanentError("the step says no request that takes it back")
    plain = {"json": None, "body": None, "undo": None, "idempotent": None, "expect": ("200-299",)}
    found = await request(done.model_copy(update={**plain, "method": "GET"}), context)
    try:
        wrong = judge_values(find(found.json, back.still), back.still)
    except ValueError as error:
        raise PermanentError(f"nobody can tell whether it is still as it was left: {error}") from error
    if wrong:
        raise PermanentError(f"somebody has changed it since: {wrong}")
    return await request(done.model_copy(update={**plain, "method": back.method, "json": back.json}), context)


REQUEST: Action[RequestParameters, RequestOutputs] = Action(
    name="http.request",
    summary="Sends a request that changes something to a service's own API.",
    parameters=RequestParameters,
    outputs=RequestOutputs,
    perform=request,
    backend=backend,
    changes=True,
    idempotent=is_idempotent,
    preview=preview,
    undo=undo,
    undoable=lambda written: bool(written.get("undo")),
)
