"""How much memory and CPU: absolute, or a factor of what there is. Pure arithmetic."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from remediator.actions.kubernetes.names import Label
from remediator.actions.kubernetes.quantity import Quantity, checked_quantity, cpu_text, memory_text
from remediator.actions.kubernetes.workloads import WorkloadParameters
from remediator.core.quantities import exact_quantity
from remediator.errors import PermanentError

_FACTOR = re.compile(r"x([0-9]{1,3}(?:\.[0-9]{1,3})?)", re.ASCII)

Which = Literal["limits", "requests"]


def _quantity_or_factor(value: object) -> object:
    found = _FACTOR.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return checked_quantity(value)
    if not Fraction(found[1]):
        raise ValueError("the factor must be more than zero")
    return value


Amount = Annotated[
    str,
    BeforeValidator(_quantity_or_factor),
    StringConstraints(min_length=1, max_length=32),
    Field(examples=["2Gi", "500m", "x1.5"]),
]
"""``2Gi``, ``500m``; or ``x1.5``, a factor of what there is."""


class Amounts(BaseModel):
    """Memory and CPU; what is not given stays."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    memory: Amount | None = Field(None, description="Memory: 2Gi, or x1.5 for one and a half times what there is.")
    cpu: Amount | None = Field(None, description="CPU: 2 (cores), 500m, or x1.5.")


class Ceilings(BaseModel):
    """What nothing set here may exceed."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    memory: Quantity | None = Field(None, description="The most memory.")
    cpu: Quantity | None = Field(None, description="The most CPU.")


class ResourceParameters(WorkloadParameters):
    """Which workload, which container, how much."""

    container: Label | None = Field(
        None,
        description="The container. Default: the only one, or the one that the pod template's annotation "
        "kubectl.kubernetes.io/default-container names.",
    )
    limits: Amounts | None = Field(None, description="The most that it may use.")
    requests: Amounts | None = Field(None, description="What is set aside for it on its node.")
    max: Ceilings | None = Field(None, description="Ceilings: what is asked for beyond them becomes them.")
    former: dict[str, Quantity] | None = Field(
        None,
        max_length=4,
        description="Change it only if there is so much, or already as much as wanted (limits.memory: 1Gi). Filled in "
        "when the amounts become absolute, before the step is done.",
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not any(True for _ in self.asked()):
            raise ValueError("give memory or cpu of limits or requests")
        return self

    def asked(self) -> Iterator[tuple[Which, str, str]]:
        """Yield what was given: limits or requests, memory or cpu, and how much."""
        groups: tuple[tuple[Which, Amounts | None], ...] = (("limits", self.limits), ("requests", self.requests))
        for which, amounts in groups:
            for resource, amount in (amounts.model_dump(exclude_none=True) if amounts else {}).items():
                yield which, resource, amount

    def ceiling(self, resource: str) -> str | None:
        """Return the ceiling of ``memory`` or ``cpu``."""
        found: str | None = getattr(self.max, resource) if self.max else None
        return found


def absolute(asked: str, resource: str, now: str | None, ceiling: str | None, about: str) -> str:
    """Return the quantity to set, never above the ceiling. ``about`` begins the errors.

    A factor never goes the other way: with 2Gi, ``x2`` and a ceiling of 1Gi there is nothing to do,
    and PermanentError says so; also where nothing is set that it could be a factor of.
    """
    found = _FACTOR.fullmatch(asked)
    if not found:
        return ceiling if ceiling and exact_quantity(asked) > exact_quantity(ceiling) else asked
    if now is None:
        raise PermanentError(f"{about} is not set, so there is nothing that {asked} could be a factor of")
    factor, present = Fraction(found[1]), exact_quantity(now)
    wanted = present * factor
    text = memory_text(wanted) if resource == "memory" else cpu_text(wanted)
    if ceiling and exact_quantity(text) > exact_quantity(ceiling):
        text = ceiling
    if (exact_quantity(text) - present) * (factor - 1) <= 0:
        limit = f" and the ceiling is {ceiling}" if ceiling else ""
        raise PermanentError(f'{about}: "{asked}" would change nothing: it is {now}{limit}')
    return text
