"""Time intervals as Alertmanager writes and means them (its documentation, "time_interval").

An interval holds when every field that it gives holds; a field holds when any of its ranges does.
Ranges include both ends, but for ``times``, whose end is excluded. Days of the month may be
negative (-1 is the last one) and are clamped to the month. The location's wall clock counts.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
LOOK_AHEAD = 40  #: days in which the next change is looked for

_TIME = re.compile(r"((?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)")
Range = tuple[int, int]


def _minutes(value: object) -> int:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError('a time is written "HH:MM", from 00:00 to 24:00, in quotes')
    return int(value[:2]) * 60 + int(value[3:])


def _range(value: object, names: Sequence[str], first: int, what: str) -> Range:
    """Read ``monday``, ``monday:friday``, ``3`` or ``3:5``."""
    parts = str(value).strip().lower().split(":") if isinstance(value, (str, int)) else []
    if not 1 <= len(parts) <= 2:  # noqa: PLR2004 -- a range has two ends
        raise ValueError(f"{what}: write one, or a range with a colon between its ends")
    ends = [_end(part.strip(), names, first, what) for part in parts]
    return ends[0], ends[-1]


def _end(part: str, names: Sequence[str], first: int, what: str) -> int:
    if part in names:
        return names.index(part) + first
    if names is not WEEKDAYS and re.fullmatch(r"-?[0-9]{1,4}", part):
        return int(part)
    raise ValueError(f'{what}: "{part}" is none of {", ".join(names) if names else "the numbers"}')


def _weekday(value: object) -> Range:
    return _ordered(_range(value, WEEKDAYS, 0, "weekdays"), 0, 6, "weekdays")


def _month(value: object) -> Range:
    return _ordered(_range(value, MONTHS, 1, "months"), 1, 12, "months")


def _year(value: object) -> Range:
    return _ordered(_range(value, (), 0, "years"), 0, 9999, "years")


def _ordered(found: Range, least: int, most: int, what: str) -> Range:
    if not (least <= found[0] <= most and least <= found[1] <= most):
        raise ValueError(f"{what}: {found[0]}:{found[1]} is outside of {least} to {most}")
    if found[0] > found[1]:
        raise ValueError(f"{what}: a range's start must not be after its end")
    return found


def _day(value: object) -> Range:
    begin, end = _range(value, (), 0, "days_of_month")
    for day in (begin, end):
        if day == 0 or not -31 <= day <= 31:  # noqa: PLR2004 -- days of a month
            raise ValueError("days_of_month: a day is 1 to 31, or -31 to -1 counted from the month's end")
    if begin < 0 < end:
        raise ValueError("days_of_month: a range that starts from the month's end must end there too")
    if (begin if begin > 0 else 32 + begin) > (end if end > 0 else 32 + end):
        raise ValueError("days_of_month: a range's start must not be after its end")
    return begin, end


def _zone(value: object) -> str:
    try:
        zone(str(value))
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f'location: there is no time zone "{value}"; write one such as Europe/Berlin') from error
    return str(value)


@cache
def zone(name: str) -> ZoneInfo:
    """Return a time zone of the IANA data base; ``Local`` is refused, for it differs between machines."""
    if name == "Local":
        raise ValueError("Local differs from machine to machine")
    return ZoneInfo(name)


_TEXT = WithJsonSchema({"type": ["string", "integer"]})


class TimeRange(BaseModel):
    """From a time of the day to another; the end is excluded. Midnight is crossed by two ranges."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    start_time: Annotated[int, BeforeValidator(_minutes), WithJsonSchema({"type": "string"})] = Field(
        description="HH:MM, included."
    )
    end_time: Annotated[int, BeforeValidator(_minutes), WithJsonSchema({"type": "string"})] = Field(
        description="HH:MM, excluded; 24:00 is the day's end."
    )

    @model_validator(mode="after")
    def _forward(self) -> TimeRange:
        if self.start_time >= self.end_time:
            raise ValueError("start_time must be before end_time; write two ranges to cross midnight")
        return self


class TimeInterval(BaseModel):
    """One interval; a field that is left out does not restrict it."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    times: tuple[TimeRange, ...] = Field((), description="Times of the day.")
    weekdays: tuple[Annotated[Any, BeforeValidator(_weekday), _TEXT], ...] = Field((), description="monday:friday.")
    days_of_month: tuple[Annotated[Any, BeforeValidator(_day), _TEXT], ...] = Field(
        (), description="1:5, or -3:-1 for the last three."
    )
    months: tuple[Annotated[Any, BeforeValidator(_month), _TEXT], ...] = Field((), description="january:march, or 1:3.")
    years: tuple[Annotated[Any, BeforeValidator(_year), _TEXT], ...] = Field((), description="2030, or 2030:2032.")
    location: Annotated[str, BeforeValidator(_zone)] = Field("UTC", description="An IANA time zone.")


def contains(interval: TimeInterval, seconds: int) -> bool:
    """Whether an instant (seconds since 1970) lies in the interval."""
    return _holds(interval, datetime.fromtimestamp(seconds, zone(interval.location)))


def _holds(interval: TimeInterval, at: datetime) -> bool:
    minute = at.hour * 60 + at.minute
    if interval.times and not any(part.start_time <= minute < part.end_time for part in interval.times):
        return False
    if interval.days_of_month and not any(_in_days(part, at) for part in interval.days_of_month):
        return False
    return (
        _within(interval.weekdays, at.isoweekday() % 7)
        and _within(interval.months, at.month)
        and _within(interval.years, at.year)
    )


def _within(ranges: Iterable[Range], value: int) -> bool:
    found = tuple(ranges)
    return not found or any(first <= value <= last for first, last in found)


def _in_days(days: Range, at: datetime) -> bool:
    length = monthrange(at.year, at.month)[1]
    begin, end = (day if day > 0 else length + day + 1 for day in days)
    if begin > length:
        return False
    return max(begin, 1) <= at.day <= min(max(end, 1), length)


def next_change(intervals: Sequence[TimeInterval], seconds: int) -> int | None:
    """Return the first instant after this one at which one of the intervals begins or ends.

    None when nothing changes within ``LOOK_AHEAD`` days.
    """
    now = [contains(interval, seconds) for interval in intervals]
    found: list[int] = []
    for position, interval in enumerate(intervals):
        for instant in _edges(interval, seconds):
            if contains(interval, instant) != now[position]:
                found.append(instant)
                break
    return min(found, default=None)


def _edges(interval: TimeInterval, seconds: int) -> Iterable[int]:
    """Yield the instants after this one at which the interval can change, in order."""
    there = zone(interval.location)
    first = datetime.fromtimestamp(seconds, there).date()
    edges = {0, *(minute for part in interval.times for minute in (part.start_time, part.end_time % 1440))}
    for days in range(LOOK_AHEAD):
        day = first + timedelta(days=days)
        # Near by, every hour: where clocks are put forward an edge may be skipped.
        minutes = edges | set(range(0, 1440, 60)) if days < 2 else edges  # noqa: PLR2004 -- today and tomorrow
        local = (
            datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=there, fold=fold)
            for minute in minutes
            for fold in (0, 1)
        )
        instants = {int(instant.astimezone(UTC).timestamp()) for instant in local}
        yield from (instant for instant in sorted(instants) if instant > seconds)
