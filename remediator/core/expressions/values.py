"""The values that expressions work on, and what may be done with them.

There are six kinds: text, number, true or false, nothing, list, mapping. Kinds are never mixed
silently: comparing text with a number is an error, text is neither true nor false, NaN and
infinity are not numbers. Sizes are bounded here, before a large thing is made.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from remediator.core.expressions.unknown import StepScope, Unknown
from remediator.errors import RenderError, UnknownValueError

TEXT_LIMIT = 65_536  #: characters in any text that a template makes
NUMBER_LIMIT = 2**63  #: whole numbers stay below this, as in JSON readers with 64 bits
_NODES_LIMIT = 10_000  #: values in one list or mapping, all levels together
_DEPTH_LIMIT = 32

_MAPPINGS = frozenset({dict, MappingProxyType})
_KINDS = {
    str: "text", bool: "true or false", int: "a number", float: "a number", type(None): "nothing",
    list: "a list", tuple: "a list", dict: "a mapping", MappingProxyType: "a mapping",
}  # fmt: skip


class MissingValueError(RenderError):
    """There is nothing of that name. ``default`` and ``is defined`` ask for this and for nothing else."""


def kind(value: object) -> str:
    """Return what a value is, in words: ``text``, ``a number``. RenderError for anything unheard of."""
    found = _KINDS.get(type(value))
    if found is None:
        found = _kind_of_subclass(value)
    return found


def _kind_of_subclass(value: object) -> str:
    if isinstance(value, Unknown):
        raise UnknownValueError(value.reason)
    if isinstance(value, StepScope):
        raise RenderError("a step is not a value; ask for one of its outputs, or for .ok")
    for known in (str, bool, int, float, list, tuple):
        if isinstance(value, known):
            return _KINDS[known]
    if isinstance(value, Mapping):
        return "a mapping"
    raise RenderError(f"a {type(value).__name__} has no place in an expression")


def part(base: object, key: object, what: str) -> object:
    """Return an item of a mapping, list or step. ``what`` names it in errors: ``labels.team``.

    Only items, never attributes of an object. Raises MissingValueError when there is no such item.
    """
    try:
        if type(base) in _MAPPINGS and type(key) is str:
            value: object = base[key]  # type: ignore[index]  # a mapping, as was just asked
        elif type(base) is StepScope and type(key) is str:
            value = base.get(key)
        else:
            value = _odd_part(base, key, what)
    except (KeyError, IndexError):
        raise MissingValueError(_missing(key, what)) from None
    if type(value) is Unknown:
        raise UnknownValueError(f"{what} is unknown: {value.reason}")
    return value


def _odd_part(base: object, key: object, what: str) -> object:
    if isinstance(base, Unknown):
        raise UnknownValueError(f"{what} is unknown: {base.reason}")
    if isinstance(base, Mapping) and isinstance(key, str):
        value: object = base[key]
        return value
    if isinstance(base, (list, tuple)) and isinstance(key, int) and not isinstance(key, bool):
        item: object = base[key]
        return item
    raise RenderError(f"{what}: {kind(base)} has no item of that kind")


def _missing(key: object, what: str) -> str:
    if what.startswith(("labels", "annotations")):
        return f"the alert has no {what}; if that is in order, write {what} | default('…')"
    if isinstance(key, int):
        return f"{what}: the list is not that long"
    return f"there is no {what}"


def truth(value: object) -> bool:
    """Return a truth value as it is. Text, numbers and lists are none: ``"false"`` would count as true."""
    if value is True or value is False:
        return bool(value)
    raise RenderError(f"{kind(value)} where only true or false can stand; compare it with something")


def number(value: object) -> int | float:
    """Return a finite number as it is; RenderError for all else."""
    if type(value) is int or type(value) is float:
        if -NUMBER_LIMIT < value < NUMBER_LIMIT:
            return value
        if type(value) is float and math.isfinite(value):
            return value
        raise RenderError("not a finite number of reasonable size")
    raise RenderError(f"{kind(value)} where a number is needed{_hint(value)}")


def _hint(value: object) -> str:
    return "; write it with | float or | int if it stands for one" if isinstance(value, str) else ""


def text(value: object) -> str:
    """Return a value as text: ``true``/``false``, numbers in their shortest form.

    Nothing, lists and mappings have no text of their own: RenderError. At most TEXT_LIMIT characters.
    """
    if type(value) is str:
        if len(value) > TEXT_LIMIT:
            raise RenderError(f"more than {TEXT_LIMIT} characters")
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    name = kind(value)
    if name == "a number":
        return str(number(value))
    if isinstance(value, str):
        return text(str.__str__(value))
    more = "; use | join(', ')" if name == "a list" else ""
    raise RenderError(f"{name} cannot become part of a text{more}")


def sound(value: str) -> str:
    """Return text that can leave the process: bounded, without NUL, without halves of surrogate pairs."""
    if len(value) > TEXT_LIMIT:
        raise RenderError(f"more than {TEXT_LIMIT} characters")
    if "\0" in value:
        raise RenderError("a NUL character is not allowed")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise RenderError("half a surrogate pair is not a character") from None
    return value


def equal(left: object, right: object) -> bool:
    """Whether two values of one kind are equal. Nothing may be compared with anything."""
    names = kind(left), kind(right)
    if names[0] != names[1]:
        if "nothing" in names:
            return False
        raise RenderError(f"compares {names[0]} with {names[1]}")
    if names[0] == "a number":
        return _comparable(left) == _comparable(right)
    return left == right


def order(left: object, right: object) -> int:
    """Return -1, 0 or 1: two numbers, or two texts by their characters. RenderError for all else."""
    names = kind(left), kind(right)
    if names == ("a number", "a number"):
        this, that = _comparable(left), _comparable(right)
        return (this > that) - (this < that)
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    if "nothing" in names and names[0] != names[1]:
        raise RenderError(f"there is no value to compare with {names[names[0] == 'nothing']}")
    raise RenderError(f"compares {names[0]} with {names[1]}" if names[0] != names[1] else f"{names[0]} has no order")


def _comparable(value: Any) -> int | float:
    # `not x > 1` is true for a NaN x: what cannot be measured would act.
    if value != value:  # noqa: PLR0124 -- only NaN differs from itself
        raise RenderError("NaN compares with nothing")
    found: int | float = value
    return found


def contains(container: object, item: object) -> bool:
    """Whether a list holds an equal item, a text the other text, a mapping the key."""
    name = kind(container)
    if name == "a list" and isinstance(container, (list, tuple)):
        # Each item is compared, so that one of another kind is an error wherever it stands.
        return sum(equal(each, item) for each in container) > 0
    if isinstance(container, (str, Mapping)) and isinstance(item, str):
        return item in container
    raise RenderError(f'asks for {kind(item)} "in" {name}')


def plain(value: object) -> Any:
    """Return a copy made of dict, list, str, int, float, bool and None, every text ``sound``.

    Raises RenderError when it is too large (10,000 values, 32 levels, TEXT_LIMIT characters in
    all), UnknownValueError when part of it is unknown.
    """
    return _Copy().of(value, 0)


class _Copy:
    """Copies one value, counting what it takes."""

    def __init__(self) -> None:
        self._nodes = 0
        self._characters = 0

    def of(self, value: object, depth: int) -> Any:
        self._nodes += 1
        if depth > _DEPTH_LIMIT or self._nodes > _NODES_LIMIT:
            raise RenderError("the value is too large")
        name = kind(value)
        if name == "a number":
            return number(value)
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, (list, tuple)):
            return [self.of(item, depth + 1) for item in value]
        if isinstance(value, Mapping):
            return {self._text(text(key)): self.of(item, depth + 1) for key, item in value.items()}
        return value

    def _text(self, value: str) -> str:
        self._characters += len(value)
        if self._characters > TEXT_LIMIT:
            raise RenderError(f"more than {TEXT_LIMIT} characters")
        return sound(text(value))
