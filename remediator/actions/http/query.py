"""``http.query``: asks a listed question by POST, which the site declares to be a read, and judges the answer.

GraphQL answers 200 with ``errors`` when it could not answer: that does not hold.
"""

from __future__ import annotations

import asyncio
import warnings
from datetime import UTC, datetime
from time import perf_counter
from typing import Annotated, Any

import orjson
from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr
from yarl import URL

from remediator.actions.answers.access import credentials, hide, trust
from remediator.actions.answers.failures import FOREIGN, lost
from remediator.actions.answers.reading import document, excerpt, matches_whole, printable, read_body
from remediator.actions.context import Context
from remediator.actions.http.conditions import JsonCondition, Statuses, allows, find, judge_values, kept
from remediator.actions.http.destination import Connection, Place
from remediator.actions.http.listed import Listed, VariableName
from remediator.core.action import Action, CheckOutputs, NamesConnection, Parameters
from remediator.core.durations import SECOND, Duration, show_duration
from remediator.errors import PermanentError

_SHOWN = 300
_EXCERPT = 2048

Value = StrictBool | StrictInt | StrictFloat | Annotated[StrictStr, Field(max_length=1000)]

with warnings.catch_warnings():
    # "json" is the word that people expect; pydantic's old method of that name is not used here.
    warnings.filterwarnings("ignore", message='Field name "json"')

    class QueryParameters(Parameters):
        """Which question, and what the answer must look like."""

        connection: Annotated[str, NamesConnection()] = Field(description="Name of an entry under connections.http.")
        query: str = Field(max_length=63, description="Name of a question that the connection lists under queries.")
        values: dict[VariableName, Value] = Field(
            default_factory=dict, max_length=50,
            description="Values of its variables, all that it has; the connection says what each may be.",
        )  # fmt: skip
        status: Statuses = Field(
            ("200-299",), description='The status must be one of these: 200, "200-299", "2xx", or a list.'
        )
        json: JsonCondition | None = Field(  # type: ignore[assignment]  # see above
            None, description="A value that the JSON answer must hold."
        )
        select: dict[VariableName, JsonCondition] = Field(
            default_factory=dict, max_length=20,
            description="Values to take out of the JSON answer, by name; a path without a condition may find none.",
        )  # fmt: skip
        timeout: Duration = Field(10.0, gt=0, description="How long to wait for the whole answer; later is none.")
        body_limit: int = Field(262_144, ge=0, le=1_048_576, description="Bytes of the answer that are read.")


class QueryOutputs(CheckOutputs):
    """What the service answered."""

    holds: bool = Field(description="Whether the answer was as asked for; false when there was none.")
    reason: str = Field("", description="Why, in a sentence.")
    found: dict[str, Any] = Field({}, description="By the names in select: the first value found; none when none was.")
    status: int | None = Field(None, description="The answer's status code; none without an answer.")
    latency_ms: float | None = Field(None, description="Milliseconds to the end of the answer; none without one.")
    value: Any = Field(None, description="The first value that json.path found; beyond 4096 bytes as text, cut.")
    body: str = Field("", description="The beginning of the body, 2048 characters at most.")


async def query(p: QueryParameters, context: Context) -> QueryOutputs:
    """Ask once and judge the answer. Raise PermanentError only for what is wrong on our side."""
    connection: Connection = context.connection("http", p.connection)
    listed = connection.queries.get(p.query)
    if listed is None:
        there = ", ".join(sorted(connection.queries)) or "none"
        raise PermanentError(f'connections.http.{p.connection} lists no query "{excerpt(p.query, 63)}": {there}')
    data, known = orjson.dumps(_body(p, listed, context.now)), credentials(connection)
    headers = {"accept-encoding": "identity", **known.headers, "content-type": "application/json"}
    tls = trust(connection.ca_file, tls_verify=connection.tls_verify)
    place = Place(URL(connection.base_url + listed.path), headers, tls, known.secrets)
    began = perf_counter()
    try:
        async with asyncio.timeout(p.timeout), context.session.post(
            place.url, data=data, headers=headers, ssl=tls,
            allow_redirects=False, auto_decompress=False, raise_for_status=False,
        ) as response:  # fmt: skip
            body, cut = await read_body(response, p.body_limit)
    except TimeoutError:
        return QueryOutputs(holds=False, reason=f"no answer from {place.name} within {show_duration(p.timeout)}")
    except FOREIGN as error:
        finding = lost(error, place.name, reads=True)
        if isinstance(finding, PermanentError):
            raise finding from error
        return QueryOutputs(holds=False, reason=str(finding))
    text = hide(printable(body), place.secrets)
    return _judged(p, response.status, text, (perf_counter() - began) * 1000, cut=cut)


def _body(p: QueryParameters, listed: Listed, now: int) -> Any:
    """Return what is posted. PermanentError unless exactly the listed variables are given, each as allowed."""
    if set(p.values) != set(listed.variables):
        wanted = ", ".join(sorted(listed.variables)) or "none"
        raise PermanentError(f'the query "{p.query}" has other variables than were given: {wanted}')
    for name, value in p.values.items():
        if not matches_whole(listed.variables[name], value if isinstance(value, str) else orjson.dumps(value).decode()):
            raise PermanentError(f'connections.http.{p.connection} does not allow this value of {name} for "{p.query}"')
    if listed.body is not None:
        return listed.body
    times = {name: _time(now, ago) for name, ago in listed.ago.items()}
    return {"query": listed.graphql, "variables": {**p.values, **times}}


def _time(now: int, ago: float) -> str:
    return datetime.fromtimestamp(now // SECOND - int(ago), tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _judged(p: QueryParameters, status: int, text: str, latency: float, *, cut: bool) -> QueryOutputs:
    wrong = [] if allows(p.status, status) else [f"status is {status}, not {', '.join(map(str, p.status))}"]
    found: dict[str, Any] = dict.fromkeys(p.select)
    value = None
    try:
        if cut:
            raise ValueError("the answer is longer than body_limit, so its JSON is unknown")
        answer = document(text.encode())
        wrong.append(_errors(answer))
        for name, condition in p.select.items():
            values = find(answer, condition)
            found[name] = kept(values[0]) if values else None
            if values or condition != JsonCondition(path=condition.path):
                wrong.append(judge_values(values, condition))
        if p.json is not None:
            values = find(answer, p.json)
            value = kept(values[0]) if values else None
            wrong.append(judge_values(values, p.json))
    except ValueError as error:
        wrong.append(str(error))
    reason = "; ".join(filter(None, wrong))
    return QueryOutputs(
        holds=not reason,
        reason=reason or f"status {status} in {latency:.0f} ms",
        found=found,
        status=status,
        latency_ms=round(latency, 3),
        value=value,
        body=excerpt(text, _EXCERPT),
    )


def _errors(answer: Any) -> str:
    """Return what GraphQL says went wrong, or ""."""
    errors = answer.get("errors") if isinstance(answer, dict) else None
    if not errors:
        return ""
    first = errors[0] if isinstance(errors, list) else errors
    said = first.get("message") if isinstance(first, dict) else first
    return f"it says: {excerpt(str(said), _SHOWN)}"


QUERY: Action[QueryParameters, QueryOutputs] = Action(
    name="http.query",
    summary="Asks a listed question by POST (GraphQL, JSON), a read as the site declares, and judges the answer.",
    parameters=QueryParameters,
    outputs=QueryOutputs,
    perform=query,
    backend=lambda p: f"http/{p.connection}",
)
