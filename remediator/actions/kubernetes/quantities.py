"""Quantities as Kubernetes writes them: ``250m``, ``1.5``, ``128Mi``, ``1e3``.

Source: Kubernetes, "Quantity" (k8s.io/apimachinery/pkg/api/resource): a decimal number with a
suffix n, u, m, k, M, G, T, P, E, or Ki, Mi, Gi, Ti, Pi, Ei, or a decimal exponent.
"""

from __future__ import annotations

import re
from typing import Any

_SHAPE = re.compile(
    r"([+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30}))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,2}))?", re.ASCII
)
_UNITS = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
_UNITS |= {f"{letter}i": 1024.0**power for power, letter in enumerate("KMGTPE", 1)}
_LARGEST, _LONGEST = 1e30, 70


def quantity(value: Any) -> float | None:
    """Return the number that a quantity means (cores, bytes, pods); None when it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if abs(value) < _LARGEST else None
    found = _SHAPE.fullmatch(value) if isinstance(value, str) and len(value) <= _LONGEST else None
    if found is None:
        return None
    digits, unit, exponent = found.groups()
    return float(digits) * (10.0 ** int(exponent) if exponent else _UNITS.get(unit or "", 1.0))


def share(part: float | None, whole: float | None) -> float | None:
    """Return part / whole to four places; None when either is not known or the whole is nothing."""
    return None if part is None or not whole else round(part / whole, 4)
