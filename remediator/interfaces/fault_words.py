"""pydantic's errors in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from remediator.core.problems import nearest
from remediator.core.redaction import redact
from remediator.interfaces.places import shorten

_TEXT = "text"
_WHOLE = "a whole number"
_NUMBER = "a number"
_TRUE_OR_FALSE = "true or false"
_LIST = "a list"
_MAPPING = "a mapping (key: value)"

#: What is needed where something of another kind stands, by pydantic's error type.
_NEEDS = {
    "string_type": _TEXT,
    "string_sub_type": _TEXT,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "bool_type": _TRUE_OR_FALSE,
    "bool_parsing": _TRUE_OR_FALSE,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "iterable_type": _LIST,
    "dict_type": _MAPPING,
    "mapping_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "dataclass_type": _MAPPING,
    "none_required": "nothing",
}
#: With the fields of the error's context.
_LIMITS = {
    "greater_than": "must be more than {gt}, got {got}",
    "greater_than_equal": "must be at least {ge}, got {got}",
    "less_than": "must be less than {lt}, got {got}",
    "less_than_equal": "must be at most {le}, got {got}",
    "multiple_of": "must be a multiple of {multiple_of}, got {got}",
    "finite_number": "must be a finite number",
    "string_too_short": "the text is too short: {min_length} or more characters are needed",
    "string_too_long": "the text is too long: {max_length} or fewer characters are allowed",
    "too_short": "not enough stands here: {min_length} or more are needed, got {actual_length}",
    "too_long": "too much stands here: {max_length} or fewer are allowed, got {actual_length}",
    "string_pattern_mismatch": "must have the form {pattern}, got {got}",
}
_CHOICE = re.compile(r"'((?:[^'\\]|\\.)*)'|([^\s,']+)")
_LONGEST_REASON = 500  #: characters of what a validator says
_TRUE = frozenset({"yes", "on", "y"})
_FALSE = frozenset({"no", "off", "n"})


class Finding(Struct, frozen=True):
    """One of pydantic's errors, with what stands in the file."""

    kind: str  #: pydantic's type of it
    said: str  #: pydantic's message
    context: Mapping[str, Any]
    value: Any
    written: str = ""  #: how a plain scalar stands in the file: ``1.10``
    secret: bool = False  #: the value must not be shown


class Words(Struct, frozen=True):
    """What to tell."""

    message: str
    hint: str = ""
    needs: str = ""  #: what is needed, where something of another kind stands


def words_for(finding: Finding) -> Words:
    """Return the words for one error."""
    if finding.kind in _NEEDS:
        need = _NEEDS[finding.kind]
        return needed((need,), finding, _advice(need, finding))
    if finding.kind in {"enum", "literal_error"}:
        return _one_of(choices(str(finding.context.get("expected", ""))), finding)
    if finding.kind == "union_tag_invalid":
        return _one_of(choices(str(finding.context.get("expected_tags", ""))), finding)
    if finding.kind in _LIMITS:
        limits = {name: f"{limit:g}" if isinstance(limit, float) else limit for name, limit in finding.context.items()}
        return Words(_LIMITS[finding.kind].format(**{**limits, "got": _describe(finding)}))
    error = finding.context.get("error")
    if isinstance(error, Exception):
        reason = "this value is refused" if finding.secret else redact(str(error), _LONGEST_REASON)
        return Words(reason, str(getattr(error, "hint", "")))
    said = re.sub(r"^Input should be (?:a valid )?", "must be ", finding.said)
    return Words(said[:1].lower() + said[1:])


def needed(needs: Iterable[str], finding: Finding, hint: str = "") -> Words:
    """Return the words for a value of the wrong kind, when any of ``needs`` would do."""
    wanted = " or ".join(dict.fromkeys(needs))
    return Words(f"{wanted} is needed, got {_describe(finding)}", hint, wanted)


def _advice(need: str, finding: Finding) -> str:
    value = finding.value
    if finding.secret:
        return ""
    if need == _TEXT and isinstance(value, (bool, int, float)) and finding.written:
        return f'put it in quotes: "{shorten(finding.written)}"'
    if need == _TRUE_OR_FALSE and isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return "write true" if value.lower() in _TRUE else "write false"
    return ""


def choices(expected: str) -> tuple[str, ...]:
    """Return the words of a list as pydantic writes it: ``'observe', 'ask' or 'auto'``."""
    found = (quoted or bare for quoted, bare in _CHOICE.findall(expected) if bare != "or")
    return tuple(re.sub(r"\\(.)", r"\1", one) for one in found)


def _one_of(known: tuple[str, ...], finding: Finding) -> Words:
    listed = ", ".join(known)
    wanted = f"one of {listed}" if len(known) > 1 else f'"{listed}"'
    got = _describe(finding).removeprefix("text ")
    hint = "" if finding.secret else _closest(finding.value, known)
    return Words(f"must be {wanted}; got {got}", hint, wanted)


def _closest(value: Any, known: tuple[str, ...]) -> str:
    if not isinstance(value, str):
        return ""
    if value.lower() in known:
        return f'did you mean "{value.lower()}"?'
    hint = nearest(value, known)
    return hint if hint.startswith("did you mean") else ""  # the known words are in the message already


def _describe(finding: Finding) -> str:
    value = finding.value
    if isinstance(value, str):
        text = "a value that is not shown" if finding.secret else f'text "{shorten(redact(value))}"'
    elif isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, (int, float)):
        text = "a value that is not shown" if finding.secret else f"the number {shorten(finding.written or str(value))}"
    elif isinstance(value, (dict, list)):
        text = "a mapping" if isinstance(value, dict) else "a list"
    else:
        text = "nothing"
    return text
