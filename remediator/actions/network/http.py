"""``network.http``: where the time of one request goes: name, connection, TLS, first byte, the rest.

A session of its own, so that nothing is reused: every part is measured. Redirects are not followed,
nothing secret is sent. What the answer says is judged by ``http.probe``.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from time import perf_counter
from typing import Annotated, Any, Literal

import aiohttp
from pydantic import Field, field_validator, model_validator
from yarl import URL

from remediator.actions.answers.access import CONTROL, URL_LIMIT, checked_url, trust
from remediator.actions.answers.failures import FOREIGN, lost
from remediator.actions.answers.reading import read_body
from remediator.actions.context import Context
from remediator.actions.network.place import Connection
from remediator.core.action import Action, CheckOutputs, NamesConnection, Parameters, Url, UrlPath
from remediator.core.durations import Duration, show_duration
from remediator.errors import PermanentError

_OK, _LAST_OK = 200, 299


class HttpParameters(Parameters):
    """What to ask, and what must hold."""

    url: Url = Field("", description="What to ask; scheme and host are literal. Instead of connection and path.")
    connection: Annotated[str, NamesConnection()] = Field(
        "", description="Name of an entry under connections.network; a template may choose it."
    )
    scheme: Literal["https", "http"] = Field("https", description="With connection: how to ask.")
    path: UrlPath = Field("", description='With connection: what to ask there, from "/" on, query included.')
    method: Literal["GET", "HEAD"] = Field("GET", description="How to ask.")
    status: tuple[int, ...] = Field((), max_length=16, description="The status must be one of these; none: 200 to 299.")
    first_byte_below: Duration | None = Field(None, description="The answer must begin within this time.")
    total_below: Duration | None = Field(None, description="The whole answer must be here within this time.")
    tls_verify: bool = Field(True, description="Whether the server's certificate is checked.")
    ca_file: str = Field("", description="With url: PEM file of the only authorities to trust; empty: the system's.")
    timeout: Duration = Field(10.0, gt=0, le=120, description="How long to wait for the whole answer; later is none.")
    body_limit: int = Field(65_536, ge=0, le=1_048_576, description="Bytes of the answer that are read.")

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        return checked_url(url) if url else url

    @field_validator("path")
    @classmethod
    def _is_path(cls, path: str) -> str:
        if path and (not path.startswith("/") or len(path) > URL_LIMIT or "#" in path or CONTROL.search(path)):
            raise ValueError(
                f'a path begins with "/", has no "#", no control characters, at most {URL_LIMIT} characters'
            )
        return path

    @model_validator(mode="after")
    def _one_place(self) -> HttpParameters:
        if bool(self.url) == bool(self.connection):
            raise ValueError("give one of url and connection (with path)")
        if self.url and self.path:
            raise ValueError("path goes with connection; a url has its own")
        if self.connection and self.ca_file:
            raise ValueError("with a connection, ca_file stands in its configuration")
        return self


class HttpOutputs(CheckOutputs):
    """The parts of one request's time, in milliseconds; none where it did not come so far, or there is no such part."""

    holds: bool = Field(description="Whether the status is as asked for, and the times are below their limits.")
    reason: str = Field("", description="Why, in a sentence.")
    status: int | None = Field(None, description="The answer's status code; none without an answer.")
    failed_at: str = Field(
        "", description='Where it ended: "dns", "connect", "tls", "first byte" or "body"; else empty.'
    )
    dns_ms: float | None = Field(None, description="To resolve the name; none for an address.")
    connect_ms: float | None = Field(None, description="To connect (TCP).")
    tls_ms: float | None = Field(None, description="To shake hands (TLS); none for http.")
    wait_ms: float | None = Field(None, description="From the request sent to the first byte of the answer.")
    first_byte_ms: float | None = Field(None, description="From the beginning to the first byte of the answer.")
    total_ms: float | None = Field(None, description="From the beginning to the last byte read.")
    slowest: str = Field("", description='The part that took longest: "dns", "connect", "tls", "wait" or "body".')


class _Marks:
    """When each part ended."""

    def __init__(self) -> None:
        self.began = perf_counter()
        self.at: dict[str, float] = {}

    def mark(self, name: str) -> Callable[..., Any]:
        async def reached(*_: object) -> None:
            self.at[name] = perf_counter()

        return reached

    def between(self, begin: str, end: str) -> float | None:
        """Return milliseconds between two marks; "" is the beginning."""
        start = self.at.get(begin) if begin else self.began
        return round((self.at[end] - start) * 1000, 3) if start is not None and end in self.at else None

    def trace(self) -> aiohttp.TraceConfig:
        config = aiohttp.TraceConfig()
        config.on_dns_resolvehost_start.append(self.mark("dns began"))
        config.on_dns_resolvehost_end.append(self.mark("resolved"))
        config.on_connection_create_start.append(self.mark("connect began"))
        config.on_connection_create_end.append(self.mark("connected"))
        config.on_request_headers_sent.append(self.mark("sent"))
        return config


class _TimedContext(ssl.SSLContext):
    """Tells when the handshake begins: aiohttp's signals do not part it from connecting."""

    marks: _Marks

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        self.marks.at["tls began"] = perf_counter()
        return super().wrap_bio(*args, **kwargs)


async def perform(p: HttpParameters, context: Context) -> HttpOutputs:
    """Ask once. Raise PermanentError only for what is wrong on our side."""
    url, ca_file = _place(p, context)
    marks = _Marks()
    tls = _context(marks, ca_file, p.tls_verify) if url.scheme == "https" else True
    connector = aiohttp.TCPConnector(force_close=True, use_dns_cache=False, limit=1)
    status, finding = None, ""
    try:
        async with (
            asyncio.timeout(p.timeout),
            aiohttp.ClientSession(connector=connector, trace_configs=[marks.trace()]) as session,
            session.request(
                p.method, url, ssl=tls, allow_redirects=False, auto_decompress=False, raise_for_status=False,
                headers={"accept-encoding": "identity"},
            ) as response,
        ):  # fmt: skip
            marks.at["first byte"] = perf_counter()
            status = response.status
            await read_body(response, p.body_limit)
            marks.at["end"] = perf_counter()
    except TimeoutError:
        finding = f"no answer from {url.host}:{url.port} within {show_duration(p.timeout)}"
    except FOREIGN as error:
        translated = lost(error, f"{url.host}:{url.port}", reads=True)
        if isinstance(translated, PermanentError):
            raise translated from error
        finding = str(translated)
    return _outputs(p, url, marks, status, finding)


def _place(p: HttpParameters, context: Context) -> tuple[URL, str]:
    if p.url:
        return URL(p.url), p.ca_file
    entry: Connection = context.connection("network", p.connection)
    host = f"[{entry.host}]" if ":" in entry.host else entry.host
    return URL(f"{p.scheme}://{host}{f':{entry.port}' if entry.port else ''}{p.path or '/'}"), entry.ca_file


def _context(marks: _Marks, ca_file: str, verify: bool) -> ssl.SSLContext:
    trust(ca_file, tls_verify=verify)  # a file that cannot be used is our error
    context = _TimedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.marks = marks
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif ca_file:
        context.load_verify_locations(ca_file)
    else:
        context.load_default_certs()
    return context


def _parts(marks: _Marks) -> dict[str, float | None]:
    """Return the parts' milliseconds, in their order."""
    connecting = "resolved" if "resolved" in marks.at else "connect began"
    return {
        "dns": marks.between("dns began", "resolved"),
        "connect": marks.between(connecting, "tls began" if "tls began" in marks.at else "connected"),
        "tls": marks.between("tls began", "connected"),
        "wait": marks.between("sent", "first byte"),
        "body": marks.between("first byte", "end"),
    }


def _failed_at(marks: _Marks) -> str:
    """Return the part that did not end, or ""."""
    at = marks.at
    if "end" in at:
        return ""
    if "first byte" in at:
        return "body"
    if "connected" in at:
        return "first byte"
    if "tls began" in at:
        return "tls"
    return "dns" if "dns began" in at and "resolved" not in at else "connect"


def _outputs(p: HttpParameters, url: URL, marks: _Marks, status: int | None, finding: str) -> HttpOutputs:
    parts, first, total = _parts(marks), marks.between("", "first byte"), marks.between("", "end")
    known = {name: taken for name, taken in parts.items() if taken is not None}
    slowest = max(known, key=lambda name: known[name], default="")
    wrong = [finding] if finding else list(_wrong(p, status, first, total))
    where = f" (most of it: {slowest})" if slowest else ""
    return HttpOutputs(
        holds=not wrong,
        reason="; ".join(wrong) or f"{url.host} answered {status} in {total:.0f} ms{where}",
        status=status,
        failed_at=_failed_at(marks),
        dns_ms=parts["dns"],
        connect_ms=parts["connect"],
        tls_ms=parts["tls"],
        wait_ms=parts["wait"],
        first_byte_ms=first,
        total_ms=total,
        slowest=slowest,
    )


def _wrong(p: HttpParameters, status: int | None, first: float | None, total: float | None) -> list[str]:
    wrong = []
    if status is None or not (status in p.status if p.status else _OK <= status <= _LAST_OK):
        wrong.append(f"the status is {status}, not {', '.join(map(str, p.status)) or '200 to 299'}")
    for what, limit, taken in (("begin", p.first_byte_below, first), ("end", p.total_below, total)):
        if limit is not None and (taken is None or taken >= limit * 1000):
            wrong.append(f"the answer took {taken or 0:.0f} ms to {what}, not less than {show_duration(limit)}")
    return wrong


ACTION: Action[HttpParameters, HttpOutputs] = Action(
    name="network.http",
    summary="Tells where the time of one HTTP request goes: DNS, connect, TLS, first byte, total.",
    parameters=HttpParameters,
    outputs=HttpOutputs,
    perform=perform,
    backend=lambda p: f"network/{p.connection or URL(p.url).host}",
)
