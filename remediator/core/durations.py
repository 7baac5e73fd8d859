"""Durations as Prometheus writes them: ``30s``, ``5m``, ``1h30m``, ``1d``, ``250ms``.

Grammar and units: Prometheus' documentation, "Time durations" (units in falling order, each at
most once; a year is 365 days). We hold them as seconds.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

_UNITS = {"y": 365 * 86400.0, "w": 7 * 86400.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_GRAMMAR = r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?"
_SHAPE = re.compile(_GRAMMAR, re.ASCII)
_LONGEST = 10 * 365 * 86400.0

SECOND = 1_000_000  #: microseconds; all instants are integer microseconds since 1970


def parse_duration(text: object) -> float:
    """Return the seconds that a duration means; ``0`` needs no unit. Raise ValueError otherwise."""
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        if text == 0:
            return 0.0
        raise ValueError(f'a duration needs a unit: write "{text}s", "5m", "1h30m"')
    if not isinstance(text, str):
        raise ValueError('a duration is text such as "30s", "5m", "1h30m"')  # noqa: TRY004 -- pydantic wants ValueError
    if text == "0":
        return 0.0
    found = _SHAPE.fullmatch(text)
    if not found or not text:
        raise ValueError(f'"{text}" is not a duration; write "30s", "5m", "1h30m"')
    seconds = sum(int(number) * unit for number, unit in zip(found.groups(), _UNITS.values(), strict=True) if number)
    if seconds > _LONGEST:
        raise ValueError(f'"{text}" is longer than ten years')
    return seconds


@lru_cache(256)  # the same few time-outs stand in the arguments of each run
def duration_text(seconds: float) -> str:
    """Return a duration as it can be read back, to the millisecond: ``1h30m``, ``250ms``, ``0s``."""
    rest, parts = round(seconds * 1000), []
    for unit in ("d", "h", "m", "s", "ms"):
        count, rest = divmod(rest, round(_UNITS[unit] * 1000))
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def show_duration(seconds: float) -> str:
    """Return a duration for people: ``1h30m``, ``45s``, ``0.25s``."""
    if seconds < 1:
        return f"{seconds:.3g}s" if seconds > 0 else "0s"
    rest, parts = round(seconds), []
    for unit in ("d", "h", "m", "s"):
        count, rest = divmod(rest, int(_UNITS[unit]))
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts[:2])


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    Field(ge=0),
    PlainSerializer(duration_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": f"^(0|{_GRAMMAR})$", "examples": ["30s", "5m", "1h30m"]}),
]
"""A pydantic field: read as Prometheus writes it, held as seconds."""
