"""JSON: a value lands inside of a string, or bare as a whole JSON value of its own kind."""

from __future__ import annotations

import json
from bisect import bisect_right
from typing import Any, NoReturn

from remediator.core.escaping.pieces import Escapes, Pieces, Put
from remediator.core.expressions.values import plain, sound, text
from remediator.errors import TemplateError

_STAND_IN = "\ue000"  # for a value, while the template is checked as a document


def of_json(pieces: Pieces) -> Escapes:
    """Escape for JSON. The template must be a JSON document whatever the values are."""
    document, begins, puts = pieces.literals[0], [0], list[Put]()
    inside = _inside_string(pieces.literals[0], inside=False)
    for index, literal in enumerate(pieces.literals[1:]):
        if _STAND_IN in literal:
            raise TemplateError("U+E000 cannot stand in a JSON template", pieces.starts[index + 1])
        puts.append(_in_string if inside else _bare)
        document += _STAND_IN if inside else f'"{_STAND_IN}"'
        begins.append(len(document))
        document += literal
        inside = _inside_string(literal, inside=inside)
    _check(document, begins, pieces)
    return Escapes(tuple(puts))


def _inside_string(literal: str, *, inside: bool) -> bool:
    at = 0
    while at < len(literal):
        if inside and literal[at] == "\\":
            at += 1
        elif literal[at] == '"':
            inside = not inside
        at += 1
    return inside


def _in_string(value: object) -> str:
    return json.dumps(_sound_text(value), ensure_ascii=False)[1:-1]


def _sound_text(value: object) -> str:
    # NUL is fine here: it leaves escaped.
    found = text(value)
    sound(found.replace("\0", ""))
    return found


def _bare(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(_sound_text(value), ensure_ascii=False)
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False)


def _check(document: str, begins: list[int], pieces: Pieces) -> None:
    try:
        json.loads(document, parse_constant=_no_constant, object_pairs_hook=_literal_keys)
    except json.JSONDecodeError as error:
        index = bisect_right(begins, error.pos) - 1
        raise TemplateError(f"not JSON: {error.msg}", pieces.starts[index] + error.pos - begins[index]) from error
    except ValueError as error:
        raise TemplateError(str(error), 0) from error
    except RecursionError as error:
        raise TemplateError("not JSON that can be read: too many levels", 0) from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"not JSON: {name} is not a JSON number")


def _literal_keys(pairs: list[tuple[str, Any]]) -> None:
    # A value as a key could repeat another key, and the last one wins in most readers.
    if any(_STAND_IN in key for key, _ in pairs):
        raise ValueError("a key of a JSON object must be literal")
