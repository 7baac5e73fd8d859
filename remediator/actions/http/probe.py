"""``http.probe``: looks whether a service answers as it should.

No connection and no answer in time are what a probe is there to find out: then it does not hold,
and says why. Only what is wrong on our side (an unknown connection, an unreadable file) is an error.
"""

from __future__ import annotations

import asyncio
import warnings
from time import perf_counter
from typing import Any, Literal

import aiohttp
from pydantic import Field, model_validator
from yarl import URL

from remediator.actions.answers.access import URL_LIMIT, hide
from remediator.actions.answers.failures import FOREIGN, lost
from remediator.actions.answers.reading import document, excerpt, printable, read_body
from remediator.actions.context import Context
from remediator.actions.http.conditions import (
    HeaderCondition,
    JsonCondition,
    Statuses,
    allows,
    find,
    judge_header,
    judge_values,
    kept,
)
from remediator.actions.http.destination import Destination, Place, backend, place_of
from remediator.core.action import Action, CheckOutputs
from remediator.core.durations import Duration, show_duration
from remediator.errors import PermanentError

_HOPS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_EXCERPT = 2048
_FIELD_LIMIT = 1024

with warnings.catch_warnings():
    # "json" is the word that people expect; pydantic's old method of that name is not used here.
    warnings.filterwarnings("ignore", message='Field name "json"')

    class ProbeParameters(Destination):
        """What to ask, and what the answer must look like."""

        method: Literal["GET", "HEAD"] = Field("GET", description="How to ask.")
        status: Statuses = Field(
            ("200-299",), description='The status must be one of these: 204, "200-299", "2xx", or a list.'
        )
        json: JsonCondition | None = Field(  # type: ignore[assignment]  # see above
            None, description="A value that the JSON answer must hold."
        )
        header: HeaderCondition | None = Field(None, description="A header that the answer must have.")
        latency_below: Duration | None = Field(None, description="The whole answer must be here within this time.")
        follow_redirects: bool = Field(
            False,
            description="Whether to go where a redirect points, 5 times at most; another host is asked without the "
            "connection's headers and credentials. Otherwise the redirect is the answer.",
        )
        timeout: Duration = Field(10.0, gt=0, description="How long to wait for the whole answer; later is none.")
        body_limit: int = Field(65_536, ge=0, le=1_048_576, description="Bytes of the answer that are read.")

        @model_validator(mode="after")
        def _has_body(self) -> ProbeParameters:
            if self.json is not None and self.method == "HEAD":
                raise ValueError("an answer to HEAD has no body to find JSON in")
            return self


class ProbeOutputs(CheckOutputs):
    """What the service answered."""

    holds: bool = Field(description="Whether the answer was as asked for; false when there was none.")
    reason: str = Field("", description="Why, in a sentence.")
    status: int | None = Field(None, description="The answer's status code; none without an answer.")
    latency_ms: float | None = Field(
        None, description="Milliseconds to the end of the answer, redirects included; none without an answer."
    )
    url: str = Field("", description="The URL that answered; another than asked for after a redirect.")
    body: str = Field("", description="The beginning of the body, 2048 characters at most.")
    value: Any = Field(
        None, description="The first value that json.path found; beyond 4096 bytes the beginning of its JSON as text."
    )
    header: str | None = Field(None, description="The value of the header asked for, 1024 characters at most.")


class _Answer:
    """One answer, read."""

    __slots__ = ("body", "cut", "headers", "status", "url")

    def __init__(self, response: aiohttp.ClientResponse, body: bytes, cut: bool) -> None:
        self.status, self.headers, self.url = response.status, response.headers, response.url
        self.body, self.cut = body, cut


async def probe(parameters: ProbeParameters, context: Context) -> ProbeOutputs:
    """Ask once and judge the answer. Raise PermanentError only for what is wrong on our side."""
    place = place_of(parameters, context)
    began = perf_counter()
    try:
        async with asyncio.timeout(parameters.timeout):
            answer = await _ask(parameters, place, context.session)
    except TimeoutError:
        return ProbeOutputs(
            holds=False, reason=f"no answer from {place.name} within {show_duration(parameters.timeout)}"
        )
    except FOREIGN as error:
        finding = lost(error, place.name, reads=True)
        if isinstance(finding, PermanentError):
            raise finding from error
        return ProbeOutputs(holds=False, reason=str(finding))
    except ValueError as error:
        return ProbeOutputs(holds=False, reason=str(error))
    return _judge(parameters, answer, (perf_counter() - began) * 1000, place.secrets)


async def _ask(parameters: ProbeParameters, place: Place, session: aiohttp.ClientSession) -> _Answer:
    """Return the answer. Raise ValueError when redirects lead nowhere."""
    url, headers, tls = place.url, place.headers, place.ssl
    for _ in range(_HOPS + 1):
        async with session.request(
            parameters.method, url, headers=headers, ssl=tls,
            allow_redirects=False, auto_decompress=False, raise_for_status=False,
        ) as response:  # fmt: skip
            to = response.headers.get("Location", "") if response.status in _REDIRECTS else ""
            if not to or not parameters.follow_redirects:
                body, cut = await read_body(response, parameters.body_limit)
                return _Answer(response, body, cut)
        url = _next(url, to)
        if url.origin() != place.url.origin():
            # Another host is a stranger: no credentials, none of the headers, and no weakened trust.
            headers, tls = {"accept-encoding": "identity"}, True
    raise ValueError(f"{place.name} answered with more than {_HOPS} redirects")


def _next(url: URL, to: str) -> URL:
    try:
        following = url.join(URL(to[:URL_LIMIT])).with_user(None)
        following.origin()
    except ValueError as error:
        raise ValueError(f"{url.host} redirects to what is no URL") from error
    if following.scheme not in {"http", "https"}:
        raise ValueError(f"{url.host} redirects to what is not HTTP")
    return following


def _judge(parameters: ProbeParameters, answer: _Answer, latency: float, secrets: tuple[str, ...]) -> ProbeOutputs:
    wrong, value, header = [], None, None
    if not allows(parameters.status, answer.status):
        wrong.append(f"the status is {answer.status}, not {', '.join(map(str, parameters.status))}")
    text = hide(printable(answer.body), secrets)
    if parameters.json is not None:
        said, value = _judge_json(text, answer.cut, parameters.json)
        wrong.append(said)
    if parameters.header is not None:
        header = answer.headers.get(parameters.header.name)
        header = None if header is None else hide(header, secrets)
        wrong.append(judge_header(header, parameters.header))
    if parameters.latency_below is not None and latency >= parameters.latency_below * 1000:
        wrong.append(f"it took {latency:.0f} ms, not less than {show_duration(parameters.latency_below)}")
    reason = "; ".join(filter(None, wrong))
    return ProbeOutputs(
        holds=not reason,
        reason=reason or f"status {answer.status} in {latency:.0f} ms",
        status=answer.status,
        latency_ms=round(latency, 3),
        url=excerpt(hide(str(answer.url.with_user(None)), secrets), URL_LIMIT),
        body=excerpt(text, _EXCERPT),
        value=value,
        header=None if header is None else excerpt(header, _FIELD_LIMIT),
    )


def _judge_json(text: str, cut: bool, condition: JsonCondition) -> tuple[str, Any]:
    if cut:
        return "the answer is longer than body_limit, so its JSON is unknown", None
    try:
        values = find(document(text.encode()), condition)
    except ValueError as error:
        return str(error), None
    return judge_values(values, condition), kept(values[0]) if values else None


PROBE: Action[ProbeParameters, ProbeOutputs] = Action(
    name="http.probe",
    summary="Asks a service by HTTP and judges the answer: status, a JSON value, a header, latency.",
    parameters=ProbeParameters,
    outputs=ProbeOutputs,
    perform=probe,
    backend=backend,
)
