"""What a request asks for after its ``?``. What says nothing is refused by its name, not taken for something else.

An empty value means that nothing was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from remediator.core.matcher_syntax import shown
from remediator.core.problems import nearest
from remediator.errors import QueryError

MOST = 1000  #: entries of a list
_DIGITS = 17  #: of a number that fits 64 bits


def one_of(query: Mapping[str, str], name: str, known: Iterable[str]) -> str:
    """Return one of the known words; "" when none is asked for. Raise QueryError."""
    value, words = query.get(name, ""), sorted(known)
    if value and value not in words:
        raise QueryError(name, f'"{shown(value)}" is none; {nearest(value, words, most=len(words))}')
    return value


def limit_of(query: Mapping[str, str], default: int) -> int:
    """Return how many entries are asked for. Raise QueryError."""
    value = query.get("limit", "") or str(default)
    if not _is_number(value) or not 1 <= int(value) <= MOST:
        raise QueryError("limit", f'it takes a number from 1 to {MOST}, not "{shown(value)}"')
    return int(value)


def number_of(query: Mapping[str, str], name: str) -> int:
    """Return a number; 0 when none is asked for. Raise QueryError."""
    value = query.get(name, "") or "0"
    if not _is_number(value):
        raise QueryError(name, f'it takes a number of at most {_DIGITS} digits, not "{shown(value)}"')
    return int(value)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS
