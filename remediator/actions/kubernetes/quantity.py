"""Quantities of memory and CPU as Kubernetes writes them. Pure arithmetic, exact.

Grammar: Kubernetes, "Quantity" (``<number><suffix>``; binary ``Ki`` to ``Ei``, decimal ``n`` to ``E``,
or an exponent ``e3``).
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator, Field

_SHAPE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})(?:([KMGTPE]i|[numkMGTPE]?)|[eE]([+-]?[0-9]{1,2}))")
_BINARY = {f"{letter}i": Fraction(1024 ** (power + 1)) for power, letter in enumerate("KMGTPE")}
_DECIMAL = {letter: Fraction(10) ** (3 * power) for power, letter in enumerate("kMGTPE", start=1)}
_SMALL = {"": Fraction(1), "m": Fraction(1, 1000), "u": Fraction(1, 10**6), "n": Fraction(1, 10**9)}
_SUFFIXES = {**_BINARY, **_DECIMAL, **_SMALL}
_MEBI = 1024 * 1024


def parse_quantity(text: object) -> Fraction:
    """Return what a quantity means, in bytes or cores. Raise ValueError when it is none."""
    found = _SHAPE.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise ValueError('not a quantity; write "512Mi", "2Gi", "500m", "2"')
    digits, suffix, exponent = found.groups()
    return Fraction(f"0{digits}") * (Fraction(10) ** int(exponent) if exponent else _SUFFIXES[suffix or ""])


def quantity_or_none(text: object) -> Fraction | None:
    """Return what a quantity means; None when it is none."""
    try:
        return parse_quantity(text)
    except ValueError:
        return None


def same_quantity(one: object, other: object) -> bool:
    """Whether two texts mean the same quantity (``1Gi`` is ``1024Mi``), or are both the same otherwise."""
    first, second = quantity_or_none(one), quantity_or_none(other)
    return one == other if first is None or second is None else first == second


def memory_text(amount: Fraction) -> str:
    """Return an amount of memory, rounded up to whole Mi."""
    return f"{-(-amount // _MEBI)}Mi"


def cpu_text(amount: Fraction) -> str:
    """Return an amount of CPU, rounded up to whole thousandths of a core."""
    return f"{-(-amount * 1000 // 1)}m"


def checked_quantity(value: object) -> object:
    """Return a quantity's text; ValueError when it is none, or not more than zero."""
    # YAML reads an unquoted 2 or 0.5 as a number.
    text = str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
    if parse_quantity(text) <= 0:
        raise ValueError("must be more than zero")
    return text


Quantity = Annotated[
    str, BeforeValidator(checked_quantity), Field(min_length=1, max_length=32, examples=["2Gi", "500m"])
]
"""An amount as Kubernetes writes it, more than zero."""
