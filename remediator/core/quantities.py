"""Amounts as Kubernetes writes them: ``500m``, ``2``, ``512Mi``, ``8Gi``, ``1e3``. Pure arithmetic, exact.

Source: Kubernetes, "Quantity" (k8s.io/apimachinery/pkg/api/resource): a decimal number with a
suffix n, u, m, k, M, G, T, P, E, or Ki, Mi, Gi, Ti, Pi, Ei, or a decimal exponent.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

_SHAPE = re.compile(r"(\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?\d{1,2}))?", re.ASCII)
_UNITS = {letter: Fraction(1000) ** power for power, letter in enumerate("num_kMGTPE", -3) if letter != "_"}
_UNITS |= {f"{letter}i": Fraction(1024) ** power for power, letter in enumerate("KMGTPE", 1)}


def exact_quantity(text: object) -> Fraction:
    """Return what a quantity without a sign means, in bytes, cores or pods. Raise ValueError when it is none."""
    found = _SHAPE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError('not a quantity; write "512Mi", "2Gi", "500m", "2"')
    digits, unit, exponent = found.groups()
    factor = Fraction(10) ** int(exponent) if exponent else _UNITS.get(unit or "", Fraction(1))
    return Fraction(f"0{digits}") * factor


def amount(value: object) -> float:
    """Return an amount that people write, as a number or with a suffix. Raises ValueError that says what is right."""
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    made = float(value) if plain else float(exact_quantity(value))  # type: ignore[arg-type]  # plain: a number
    if not (math.isfinite(made) and made >= 0):
        raise ValueError("an amount is a finite number, 0 or more")
    return made


Quantity = Annotated[
    float,
    BeforeValidator(amount),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "examples": ["500m", "8Gi"]}]}),
]
"""A field's type: a number, or text with a suffix; becomes a float."""
