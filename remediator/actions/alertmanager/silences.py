"""Silences as Alertmanager's API v2 has them, read without trusting them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from remediator.actions.alertmanager.connection import Connection, filters_of
from remediator.actions.answers.api import ask, change
from remediator.actions.context import Context
from remediator.core.durations import SECOND
from remediator.errors import PermanentError

CREATOR = "remediator"  #: in createdBy: by this we know our own
_LIMIT = 16 * 1024 * 1024  #: bytes; expired silences are kept for days and listed, too


class Silence(NamedTuple):
    """One silence."""

    id: str
    creator: str
    comment: str
    ends_at: str
    state: str  #: "active", "pending" or "expired"
    equalities: Mapping[str, str]  #: of its matchers, those that are plain equalities

    @property
    def over(self) -> bool:
        """Whether it silences nothing any more."""
        return self.state == "expired"


async def silences_of(context: Context, connection: Connection, labels: Mapping[str, str]) -> list[Silence]:
    """Return the silences, expired ones too, whose equalities are exactly these."""
    answer = await ask(
        context, connection, "/api/v2/silences", query=[("filter", text) for text in filters_of(labels)], limit=_LIMIT
    )
    return [silence for silence in _read_all(connection, answer) if silence.equalities == labels]


async def silence_of(context: Context, connection: Connection, name: str) -> Silence:
    """Return the silence of this id. PermanentError when there is none, or it cannot be read."""
    if not _is_id(name):
        raise PermanentError(f"{connection.url} named a silence by something that is no id")
    return _read_all(connection, [await ask(context, connection, f"/api/v2/silence/{name}")])[0]


async def expire(context: Context, connection: Connection, silence: Silence) -> None:
    """End a silence now."""
    await change(context, connection, "DELETE", f"/api/v2/silence/{silence.id}")


def _read_all(connection: Connection, answer: Any) -> list[Silence]:
    if not isinstance(answer, list):
        raise PermanentError(f"{connection.url} does not answer as Alertmanager does")
    try:
        return [_read(item) for item in answer]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PermanentError(f"{connection.url} sent a silence that cannot be read") from error


def _read(item: Any) -> Silence:
    name, state = item["id"], item["status"]["state"]
    if not isinstance(name, str) or not _is_id(name):
        raise ValueError("a silence's id is a UUID")
    if state not in {"active", "pending", "expired"}:
        raise ValueError("this state is not known")
    plain = {
        str(matcher["name"]): str(matcher["value"])
        for matcher in item["matchers"]
        if not matcher["isRegex"] and matcher.get("isEqual", True)
    }
    return Silence(name, str(item["createdBy"]), str(item["comment"]), str(item["endsAt"]), state, plain)


def _is_id(name: str) -> bool:
    return name.replace("-", "").isalnum() and name.isascii()


def instant(text: str) -> int | None:
    """Return the microseconds since 1970 that an RFC 3339 time means; None when it is none."""
    try:
        then = datetime.fromisoformat(text)
    except ValueError:
        return None
    if then.tzinfo is None:
        return None
    return round(then.timestamp() * SECOND) if then.year > 1 else None


def stamp(microseconds: int) -> str:
    """Return an instant as RFC 3339 in UTC, to the millisecond."""
    return datetime.fromtimestamp(microseconds / SECOND, tz=UTC).isoformat(timespec="milliseconds")
