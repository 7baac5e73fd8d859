"""What a daemon answers, as far as commands read it. Whatever else stands in an answer is passed on as it is.

Something else may listen where a daemon should: an answer is looked at once, where it comes in.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, NotRequired, TypedDict

import msgspec
from msgspec import Meta

from remediator.errors import RemediatorError

Instant = Annotated[int, Meta(ge=0, le=253_402_300_799_999_999)]  #: microseconds since 1970, to the year 9999


class DaemonError(RemediatorError):
    """The daemon refused, could not be reached, or is none."""


class Done(TypedDict):
    """Something was done, or has begun."""

    status: str


class RunChanged(Done):
    """A run was changed, or one was begun."""

    run: str


class Paused(Done):
    """Something was paused; ``warning``: what may be wrong with the scope."""

    warning: NotRequired[str]


class Accepted(Done):
    """A notification was stored."""

    runs: list[str]


class Problem(TypedDict):
    """What is wrong (RFC 9457)."""

    title: str
    detail: str
    field: NotRequired[str]
    problems: NotRequired[list[str]]


class RunRow(TypedDict):
    """A run of the list."""

    id: str
    rule: str
    target: str
    status: str
    reason: str
    held_by: str
    held_until: Instant | None
    paused_by: NotRequired[str | None]
    created_at: Instant
    finished_at: Instant | None


class RunDocument(TypedDict):
    """A run, all of it."""

    id: str
    status: str


class RuleRow(TypedDict):
    """A rule that counts now."""

    rule: str


class BreakerRow(TypedDict):
    """A breaker of the list."""

    key: str
    state: str
    failures: int
    error_rate: float
    total: int
    retry_in_s: float


class PauseRow(TypedDict):
    """A pause of the list."""

    scope: str
    kind: str
    author: str
    reason: str
    at: Instant
    until: Instant | None


class AuditEntry(TypedDict):
    """An entry of the audit trail."""

    id: int


def clock_text(at: int) -> str:
    """Return an instant as lists show it: ``11-22 21:50:01``, in UTC."""
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%m-%d %H:%M:%S")


def checked(document: Any, shape: Any, url: str) -> Any:
    """Return the document as it is. Raise DaemonError when it has another shape."""
    try:
        msgspec.convert(document, shape)
    except (msgspec.ValidationError, RecursionError) as error:
        raise unlike(url, str(error)) from error
    return document


def read(text: str | bytes, shape: Any, url: str) -> Any:
    """Return the JSON document. Raise DaemonError when there is none of this shape."""
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise unlike(url, f"the answer is no JSON ({error})") from error
    except RecursionError as error:
        raise unlike(url, "the answer is nested too deep") from error
    return checked(document, shape, url)


def unlike(url: str, what: str) -> DaemonError:
    """Return the error for whatever is no daemon of ours."""
    return DaemonError(f"{url} did not answer as remediator does: {what}; --url says where the daemon is")
