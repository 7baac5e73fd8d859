"""The filters and tests that expressions may use, by name, with the arguments they take.

Names and meaning follow Jinja2 where they can. They differ where Jinja2 would guess: ``int`` of a
word is an error, not 0; ``round`` to no places gives a whole number; ``truncate`` cuts hard.
``default`` is not here: it asks about absence, so the compiler knows it (``core.expressions.compiler``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from remediator.core.expressions.values import TEXT_LIMIT, MissingValueError, kind, number, order, text
from remediator.errors import RenderError

_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?")
_PLACES = 15


class Filter(Struct, frozen=True):
    """A filter: ``apply(value, *arguments)``, with between ``least`` and ``most`` arguments."""

    apply: Callable[..., object]
    least: int = 0
    most: int = 0


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise RenderError(f"{kind(value)} where text is needed")
    return text(value)


def _bounded(value: str) -> str:
    if len(value) > TEXT_LIMIT:
        raise RenderError(f"more than {TEXT_LIMIT} characters")
    return value


def _list(value: object) -> Sequence[object]:
    if not isinstance(value, (list, tuple)):
        raise RenderError(f"{kind(value)} where a list is needed")
    return value


def _replace(value: object, old: object, new: object) -> str:
    source, gone, put = _string(value), _string(old), _string(new)
    if not gone:
        raise RenderError("replace needs a text to look for")
    if len(source) + source.count(gone) * (len(put) - len(gone)) > TEXT_LIMIT:
        raise RenderError(f"more than {TEXT_LIMIT} characters")
    return source.replace(gone, put)


def _int(value: object) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(number(int(value)))
    if isinstance(value, str):
        value = _float(value)
    return int(number(int(number(value))))


def _float(value: object) -> float:
    if isinstance(value, str):
        if not _DECIMAL.fullmatch(value.strip()):
            raise RenderError("a text that is not a number")
        value = float(value)
    return float(number(value))


def _round(value: object, places: object = 0, method: object = "common") -> int | float:
    if not isinstance(places, int) or isinstance(places, bool) or not 0 <= places <= _PLACES:
        raise RenderError(f"round takes 0 to {_PLACES} places")
    ways: dict[str, Callable[[float], float]] = {"common": round, "ceil": math.ceil, "floor": math.floor}
    if not isinstance(method, str) or method not in ways:
        raise RenderError("round is 'common', 'ceil' or 'floor'")
    known = number(value)
    if method == "common":
        return number(round(known, places) if places else round(known))
    factor = 10**places
    whole = int(ways[method](number(known * factor)))
    return whole / factor if places else whole


def _length(value: object) -> int:
    if not isinstance(value, (str, list, tuple, Mapping)):
        raise RenderError(f"{kind(value)} has no length")
    return len(value)


def _join(value: object, separator: object = "") -> str:
    items, between = [text(item) for item in _list(value)], _string(separator)
    if sum(map(len, items)) + len(items) * len(between) > TEXT_LIMIT:
        raise RenderError(f"more than {TEXT_LIMIT} characters")
    return between.join(items)


def _end(index: int) -> Callable[[object], object]:
    def pick(value: object) -> object:
        items = value if isinstance(value, str) else _list(value)
        if not items:
            raise MissingValueError("there is nothing in it")
        return items[index]

    return pick


def _extreme(*, largest: bool) -> Callable[[object], object]:
    def pick(value: object) -> object:
        items = _list(value)
        if not items:
            raise MissingValueError("there is nothing in it")
        best = items[0]
        for item in items[1:]:
            if order(item, best) == (1 if largest else -1):
                best = item
        return best

    return pick


def _sum(value: object) -> int | float:
    return number(sum(number(item) for item in _list(value)))


def _truncate(value: object, length: object, end: object = "…") -> str:
    source, tail = _string(value), _string(end)
    if not isinstance(length, int) or isinstance(length, bool) or length < len(tail):
        raise RenderError("truncate takes a length that its ending fits in")
    return source if len(source) <= length else source[: length - len(tail)] + tail


FILTERS: dict[str, Filter] = {
    "abs": Filter(lambda value: abs(number(value))),
    "count": Filter(_length),
    "first": Filter(_end(0)),
    "float": Filter(_float),
    "int": Filter(_int),
    "join": Filter(_join, most=1),
    "last": Filter(_end(-1)),
    "length": Filter(_length),
    "lower": Filter(lambda value: _bounded(_string(value).lower())),
    "max": Filter(_extreme(largest=True)),
    "min": Filter(_extreme(largest=False)),
    "replace": Filter(_replace, least=2, most=2),
    "round": Filter(_round, most=2),
    "string": Filter(text),
    "sum": Filter(_sum),
    "trim": Filter(lambda value: _string(value).strip()),
    "truncate": Filter(_truncate, least=1, most=2),
    "upper": Filter(lambda value: _bounded(_string(value).upper())),
}

TESTS: dict[str, Callable[[Any], bool]] = {
    "none": lambda value: kind(value) == "nothing",
    "number": lambda value: kind(value) == "a number",
    "string": lambda value: kind(value) == "text",
}
"""``is defined`` and ``is undefined`` ask about absence: the compiler knows them."""
