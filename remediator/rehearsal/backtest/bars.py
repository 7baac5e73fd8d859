"""Small plots for a terminal: one character a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

_EIGHTHS = " ▁▂▃▄▅▆▇█"
HOURS_SHOWN = 72  #: a longer history is shown by days
WIDEST = 100  #: columns

Columns = tuple[str, int, tuple[int, ...]]
"""What a column is (``hour``, ``day``, ``7 days``), how many hours it has, and the first hour of each."""


def columns(first: int, last: int) -> Columns:
    """Return the columns of a plot from one hour to another (hours since 1970)."""
    if last - first < HOURS_SHOWN:
        return "hour", 1, tuple(range(first, last + 1))
    day, end = first // 24, last // 24
    wide = -(-(end - day + 1) // WIDEST)
    return ("day" if wide == 1 else f"{wide} days"), 24 * wide, tuple(range(day * 24, last + 1, 24 * wide))


def counts(by_hour: Mapping[int, int], shown: Columns) -> tuple[int, ...]:
    """Return what each column holds."""
    _, wide, starts = shown
    made = [0] * len(starts)
    for hour, count in by_hour.items():
        place = (hour - starts[0]) // wide if starts else -1
        if 0 <= place < len(made):
            made[place] += count
    return tuple(made)


def bars(values: Sequence[int], most: int = 0) -> str:
    """Return a bar for each value; what is more than nothing can be seen."""
    top = max(most, *values, 1) if values else 1
    return "".join(_EIGHTHS[-(-value * 8 // top)] for value in values)


def hour_text(hour: int) -> str:
    """Return an hour for people, in UTC."""
    return datetime.fromtimestamp(hour * 3600, UTC).strftime("%Y-%m-%d %H:00")
