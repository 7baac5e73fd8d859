"""Amounts as Kubernetes writes them: ``500m``, ``2``, ``512Mi``, ``8Gi``, ``1e3``.

Source: Kubernetes' API conventions, "Quantity": decimal suffixes m, k, M, G, T, P, E; binary ones
Ki, Mi, Gi, Ti, Pi, Ei; or an exponent.
"""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

_QUANTITY = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?)(?:(m|k|M|G|T|P|E)|(Ki|Mi|Gi|Ti|Pi|Ei)|e([+-]?[0-9]{1,2}))?")
_DECIMAL = {"m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
_BINARY = {f"{letter}i": 1024.0**power for power, letter in enumerate("KMGTPE", start=1)}


def parse_quantity(text: object) -> float:
    """Return an amount as a number. Raises ValueError that says what would be right."""
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        if not math.isfinite(text) or text < 0:
            raise ValueError("an amount is a finite number, 0 or more")
        return float(text)
    if not isinstance(text, str) or not (found := _QUANTITY.fullmatch(text.strip())):
        raise ValueError("write an amount as a number with an optional suffix, such as 500m, 2, 512Mi or 8Gi")
    number, decimal, binary, exponent = found.groups()
    return float(number) * (_DECIMAL.get(decimal, 1.0)) * _BINARY.get(binary, 1.0) * 10.0 ** int(exponent or 0)


Quantity = Annotated[
    float,
    BeforeValidator(parse_quantity),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "examples": ["500m", "8Gi"]}]}),
]
"""A field's type: a number, or text with a suffix; becomes a float."""
