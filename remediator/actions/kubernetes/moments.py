"""Times as the API server writes them (RFC 3339), held as microseconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime

_EPOCH = datetime.fromtimestamp(0, tz=UTC)
_LONGEST = 40


def instant(stamp: str) -> int | None:
    """Return the microseconds that a time means; None when it is none, or says no zone."""
    if len(stamp) > _LONGEST:
        return None
    try:
        moment = datetime.fromisoformat(stamp)
        since = moment - _EPOCH
    except (ValueError, TypeError, OverflowError):  # no time, without a zone, beyond what can be counted
        return None
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def seconds_between(earlier: int | None, later: int | None) -> float | None:
    """Return the seconds from one instant to another, to the millisecond; None when either is not known."""
    return None if earlier is None or later is None else round((later - earlier) / 1_000_000, 3)


def stamp(at: int | None) -> str:
    """Return an instant as RFC 3339, to the second; empty for None and for what no calendar holds."""
    try:
        return "" if at is None else datetime.fromtimestamp(at // 1_000_000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return ""
