"""How many replicas: absolute, or relative to what there is. Pure arithmetic."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from remediator.core.action import Parameters
from remediator.errors import PermanentError

_BY = re.compile(r"([+-])(\d{1,5})(%?)", re.ASCII)
MOST = 100_000  # beyond any cluster; a slip of the keyboard is refused before it is asked for


def _signed(value: object) -> object:
    # YAML reads an unquoted +2 as the number 2.
    return f"{value:+d}" if isinstance(value, int) and not isinstance(value, bool) else value


Count = Annotated[int, Field(ge=0, le=MOST)]
By = Annotated[
    str,
    BeforeValidator(_signed, json_schema_input_type=Annotated[str, Field(pattern="^[+-][0-9]{1,5}%?$")] | int),
    Field(pattern="^[+-][0-9]{1,5}%?$", examples=["+50%", "+2", "-1"]),
]


class Amount(Parameters):
    """``replicas`` or ``by``, one of them."""

    replicas: Count | None = Field(None, description="How many, absolutely. Instead of by.")
    by: By | None = Field(
        None,
        description="How many more or fewer than there are: +50%, +2, -1. A percentage is rounded up when growing, "
        "down when shrinking; zero replicas stay zero.",
    )
    min: Count | None = Field(None, description="Never below this. Default: 1 with by, 0 with replicas.")
    max: Count | None = Field(None, description="Never above this. Default: 100,000.")
    from_replicas: Count | None = Field(
        None,
        description="Change it only if there are so many, or already as many as wanted. Filled in when a count "
        "becomes absolute, before the step is done.",
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.replicas is None) == (self.by is None):
            raise ValueError('give either "replicas" or "by"')
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min ({self.min}) is above max ({self.max})")
        return self


def amount(p: Amount, now: int) -> int:
    """Return the count to set, kept within ``min`` and ``max``.

    A relative change never goes the other way: with 10 replicas, ``+2`` and a ``max`` of 8 there is
    nothing to do, and PermanentError says so. Nor does it wake a workload that was scaled to zero.
    """
    lowest = p.min if p.min is not None else (0 if p.by is None else 1)
    highest = p.max if p.max is not None else MOST
    if p.by is None:
        return min(max(p.replicas or 0, lowest), highest)
    if now == 0:
        raise PermanentError(f'it is scaled to zero, and "{p.by}" is relative to that; somebody switched it off')
    step = _step(p.by, now)
    if not step:
        raise PermanentError(f'"{p.by}" of {now} replicas is none')
    wanted = max(min(now + step, highest), lowest)
    if (wanted - now) * step <= 0:
        limit = f"max is {highest}" if step > 0 else f"min is {lowest}"
        raise PermanentError(f'"{p.by}" would change nothing: there are {now} replicas and {limit}')
    return wanted


def _step(by: str, now: int) -> int:
    """Return how many to add. A percentage is rounded up when growing, down when shrinking."""
    found = _BY.fullmatch(by)
    if not found:
        raise PermanentError(f'"{by}" is not a relative number of replicas')
    sign, digits, percent = found.groups()
    count = int(digits)
    if percent:
        count = -(-now * count // 100) if sign == "+" else now * count // 100
    return count if sign == "+" else -count
