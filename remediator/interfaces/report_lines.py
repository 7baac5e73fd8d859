"""What a report is made of: lines and tables of plain text, and how values become text.

All text here is data: secrets hidden, control characters gone, sizes bounded, one line each. It is
not yet escaped; every renderer escapes for the place where it puts it.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any
from urllib.parse import quote, urlsplit

from msgspec import Struct

from remediator.core.durations import SECOND
from remediator.core.redaction import redact, redact_tree, shorten
from remediator.core.unprintable import without_controls

CELL, TEXT, ROWS = 300, 1000, 40  #: characters in a table's cell and in a line; rows in a table
NOTHING = "none"
_URL_LIMIT = 2000
_LIST_ITEMS, _SHOWN_DEPTH = 5, 3
_LARGE = 1e6  #: from here on a number is shown in full
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Kind(Enum):
    """How a line's text is meant."""

    TEXT = "text"
    CODE = "code"  #: to be copied as it stands: a command, an expression
    LINK = "link"  #: an http(s) address that may be made clickable


class Line(Struct, frozen=True):
    """One line: an optional label of ours and a text. ``topic`` as in ``core.reporting.TOPICS``."""

    text: str
    label: str = ""
    kind: Kind = Kind.TEXT
    topic: str = ""


class Table(Struct, frozen=True):
    """Rows under a head; the first column names the row."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int = 0  #: rows that there are beside these
    topic: str = ""
    code: tuple[int, ...] = ()  #: columns whose cells are to be copied as they stand


Item = Line | Table


def table(
    title: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]], topic: str = "", code: tuple[int, ...] = ()
) -> tuple[Table, ...]:
    """Return a table with the newest ``ROWS`` rows, or nothing at all when there is no row."""
    made = tuple(rows)
    return (Table(title, head, made[-ROWS:], max(0, len(made) - ROWS), topic, code),) if made else ()


def clean(value: object, limit: int = TEXT) -> str:
    """Return any data as one line of at most ``limit`` characters without secrets and control characters."""
    text = value if isinstance(value, str) else str(value)
    far = limit * 4 + 8192
    text, beyond = without_controls(text[:far]), max(0, len(text) - far)
    text = " ".join(redact(text, far).split())
    return shorten(text, limit, beyond=beyond)


def safe_url(value: str) -> str:
    """Return an http(s) address that can stand in a link, or nothing."""
    text = clean(value, _URL_LIMIT)
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host or "…" in text:
        return ""
    return quote(text, safe="%/:=&?~#+!$,;'@()[]")


def show_time(micros: int | None) -> str:
    """Return an instant for people: ``2025-01-31T03:04:05Z``."""
    if micros is None:
        return NOTHING
    try:
        moment = _EPOCH + dt.timedelta(seconds=micros // SECOND)
    except OverflowError:
        return "at no known time"
    return f"{moment.replace(tzinfo=None).isoformat()}Z"


def show_values(values: Mapping[str, Any] | None, limit: int = CELL, *, named: bool = False) -> str:
    """Return arguments or outputs for people: ``used_share=0.93, idle=[41, 42, … 7 more]``.

    Unless ``named`` asks for every name, an output's ``reason`` is its own sentence and comes
    first, and a lone text stands for itself.
    """
    tree: dict[str, Any] = redact_tree(values or {}, limit * 8)
    if not named and len(tree) == 1 and isinstance(alone := next(iter(tree.values())), str):
        return clean(alone or NOTHING, limit)
    reason = "" if named else tree.pop("reason", "")
    if reason:
        tree.pop("holds", None)
    rest = ", ".join(f"{name}={_value(value, 1)}" for name, value in tree.items())
    return clean(f"{reason} ({rest})" if reason and rest else reason or rest or NOTHING, limit)


def _value(value: Any, depth: int) -> str:
    if isinstance(value, Mapping):
        shown = [f"{name}={_value(item, depth + 1)}" for name, item in _few(list(value.items()), depth)]
        return "{" + ", ".join(shown + _more(len(value), len(shown))) + "}"
    if isinstance(value, (list, tuple)):
        shown = [_value(item, depth + 1) for item in _few(list(value), depth)]
        return "[" + ", ".join(shown + _more(len(value), len(shown))) + "]"
    if isinstance(value, float):
        return f"{value:.6g}" if not math.isfinite(value) or abs(value) < _LARGE else f"{value:.1f}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value) if value != "" else '""'


def _few(items: list[Any], depth: int) -> list[Any]:
    return items[:_LIST_ITEMS] if depth <= _SHOWN_DEPTH else []


def _more(there: int, shown: int) -> list[str]:
    return [f"… {there - shown} more"] if there > shown else []
