"""Quantities of memory and CPU as parameters and as they are written back."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator, Field

from remediator.core.quantities import exact_quantity

_MEBI = 1024 * 1024


def quantity_or_none(text: object) -> Fraction | None:
    """Return what a quantity means; None when it is none."""
    try:
        return exact_quantity(text)
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
    if exact_quantity(text) <= 0:
        raise ValueError("must be more than zero")
    return text


Quantity = Annotated[
    str, BeforeValidator(checked_quantity), Field(min_length=1, max_length=32, examples=["2Gi", "500m"])
]
"""An amount as Kubernetes writes it, more than zero."""
