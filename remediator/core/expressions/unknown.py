"""Unknown is not false: what a step that failed, or never ran, leaves behind.

An expression that touches an unknown value raises UnknownValueError. Nothing hides it: not
``default``, not ``is defined``, not ``not``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from msgspec import Struct

from remediator.errors import UnknownValueError

_SHOWN = 200


class Unknown:
    """A value that nobody knows. ``reason`` says why; every use raises UnknownValueError."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __repr__(self) -> str:
        return f"Unknown({self.reason!r})"

    def _touched(self, *_operands: object) -> NoReturn:
        raise UnknownValueError(self.reason)

    # Expressions never get this far: a look-up raises before a value is used. These are for
    # code that takes the value out of a scope by other ways.
    __bool__ = __str__ = __format__ = __hash__ = __len__ = __iter__ = __contains__ = __getitem__ = _touched
    __int__ = __float__ = __index__ = __neg__ = __abs__ = __round__ = _touched
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _touched
    __add__ = __sub__ = __mul__ = __truediv__ = __floordiv__ = __mod__ = _touched
    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rfloordiv__ = __rmod__ = _touched


UNKNOWN = Unknown("the value is unknown")


class StepScope(Struct, frozen=True):
    """What ``steps.<id>`` means in an expression: the step's outputs, and how it went."""

    outputs: Mapping[str, Any] | None  #: JSON values by field; None when the step failed or did not run
    ok: bool  #: whether the step finished well
    error: str  #: why it did not; may be empty
    fields: frozenset[str] | None = None  #: the outputs that its action declares; None: whatever is asked for

    def get(self, field: str) -> object:
        """Return ``ok``, ``error``, or an output; Unknown when there is none. KeyError: no such field."""
        if field == "ok":
            return self.ok
        if field == "error":
            return self.error
        if self.fields is not None and field not in self.fields:
            raise KeyError(field)
        if self.ok and self.outputs is not None and field in self.outputs:
            return self.outputs[field]
        return Unknown(self._why())

    def _why(self) -> str:
        if self.ok:
            return "the step gave no such output"
        told = " ".join(self.error.split()) or "the step did not run"
        return f"{told[:_SHOWN]}{'…' if len(told) > _SHOWN else ''}"
