"""Quantities that the API server tells, whatever stands there, and shares of them."""

from __future__ import annotations

from typing import Any

from remediator.core.quantities import exact_quantity

_LARGEST, _LONGEST = 1e30, 70


def quantity(value: Any) -> float | None:
    """Return the number that a quantity means (cores, bytes, pods); None when it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if abs(value) < _LARGEST else None
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    try:
        size = float(exact_quantity(value[1:] if value.startswith(("+", "-")) else value))
    except ValueError:
        return None
    return -size if value.startswith("-") else size


def share(part: float | None, whole: float | None) -> float | None:
    """Return part / whole to four places; None when either is not known or the whole is nothing."""
    return None if part is None or not whole else round(part / whole, 4)
