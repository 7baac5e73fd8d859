"""JSONPath (RFC 9535) over what a server sent."""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import Any

import jsonpath
from jsonpath.function_extensions import ExpressionType, FilterFunction

from remediator.actions.answers.reading import matches_whole

_FOUND_LIMIT = 1000  #: values that one path may find


class _Search(FilterFunction):
    """RFC 9535's ``match`` and ``search`` with RE2: a path's regex meets whatever a server sends."""

    arg_types = [ExpressionType.VALUE, ExpressionType.VALUE]  # noqa: RUF012 -- the base class declares it so
    return_type = ExpressionType.LOGICAL

    def __init__(self, around: str) -> None:
        self._around = around

    def __call__(self, value: object, pattern: object) -> bool:
        if not isinstance(value, str) or not isinstance(pattern, str):
            return False
        try:
            return matches_whole(f"{self._around}(?:{pattern}){self._around}", value)
        except Exception:  # noqa: BLE001 -- RFC 9535, section 2.4.6: what is no regex is false
            return False


_JSONPATH = jsonpath.JSONPathEnvironment(strict=True)
_JSONPATH.function_extensions["match"] = _Search("")
_JSONPATH.function_extensions["search"] = _Search("(?s:.*)")


@lru_cache(maxsize=256)
def compiled(text: str) -> Any:
    """Return the path. Raise ValueError when it is none."""
    try:
        return _JSONPATH.compile(text)
    except (jsonpath.JSONPathError, RecursionError) as error:
        raise ValueError(f"this is not a JSONPath (RFC 9535): {str(error).splitlines()[0]}") from error


def find(document: object, path: str) -> list[Any]:
    """Return what the path finds. Raise ValueError when it is too much."""
    try:
        found = list(itertools.islice(compiled(path).finditer(document), _FOUND_LIMIT + 1))
    except (jsonpath.JSONPathError, RecursionError) as error:
        raise ValueError(f"{path} cannot be followed in the answer") from error
    if len(found) > _FOUND_LIMIT:
        raise ValueError(f"{path} finds more than {_FOUND_LIMIT} values")
    return [match.obj for match in found]
