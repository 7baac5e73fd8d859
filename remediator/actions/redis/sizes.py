"""Sizes as redis.conf writes them: ``1k`` is 1000, ``1kb`` is 1024, and so on to ``gb``; case does not count."""

from __future__ import annotations

import re

_SIZE = re.compile(r"([0-9]{1,18})(b|k|kb|m|mb|g|gb|)", re.ASCII)
_UNITS = {"": 1, "b": 1, "k": 1000, "kb": 1024, "m": 1000**2, "mb": 1024**2, "g": 1000**3, "gb": 1024**3}


def in_bytes(text: str) -> int | None:
    """Return the bytes (or the plain number) that a setting's text means; None when it is neither."""
    found = _SIZE.fullmatch(text.strip().lower())
    return int(found[1]) * _UNITS[found[2]] if found else None


def same(left: str, right: str) -> bool:
    """Whether two texts mean the same value of a setting: ``1gb`` and ``1073741824`` do."""
    return normal(left) == normal(right)


def normal(text: str) -> str:
    """Return the one form of a value: sizes in bytes, words in lower case."""
    number = in_bytes(text)
    return text.strip().casefold() if number is None else str(number)


def show(size: int) -> str:
    """Return bytes for people: ``512 B``, ``1.5 KiB``, ``2 GiB``."""
    value, unit = float(size), "B"
    for bigger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:  # noqa: PLR2004 -- the step between two binary units
            break
        value, unit = value / 1024, bigger
    return f"{value:.4g} {unit}"
