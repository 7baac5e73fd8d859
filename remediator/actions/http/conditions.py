"""What an answer must look like. Each judgement returns "" or a sentence that says what is wrong."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, Any

import orjson
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)

from remediator.actions.answers.access import checked_name
from remediator.actions.answers.reading import PATTERN_LIMIT, Regex, excerpt, matches_whole
from remediator.core.action import Parameters

_VALUE_LIMIT = 4096  #: bytes of JSON in a value that is kept
_SHOWN = 120
_RANGE = re.compile(r"([1-5])xx|([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?")


def _is_path(text: str) -> str:
    from remediator.actions.http import json_paths  # noqa: PLC0415 -- its library is only loaded where a path is asked

    json_paths.compiled(text)
    return text


def _as_list(value: object) -> object:
    return value if isinstance(value, (list, tuple)) else (value,)


def _ranges(text: str) -> tuple[int, int]:
    found = _RANGE.fullmatch(text)
    if not found:
        raise ValueError('a status is a number such as 204, a range such as "200-299", or "2xx"')
    if found[1]:
        return int(found[1]) * 100, int(found[1]) * 100 + 99
    return int(found[2]), int(found[3] or found[2])


def _are_statuses(statuses: tuple[int | str, ...]) -> tuple[int | str, ...]:
    for status in statuses:
        low, high = _ranges(str(status))
        if low > high:
            raise ValueError(f"the range {status} is empty")
    return statuses


Statuses = Annotated[
    tuple[StrictInt | StrictStr, ...],
    BeforeValidator(_as_list, json_schema_input_type=int | str | list[int | str]),
    AfterValidator(_are_statuses),
    Field(min_length=1, max_length=16),
]
"""Status codes: a number, a range such as ``200-299`` or ``2xx``, or a list of these."""


@lru_cache(maxsize=256)
def allows(statuses: tuple[int | str, ...], status: int) -> bool:
    """Whether the status is one of these."""
    return any(low <= status <= high for low, high in (_ranges(str(text)) for text in statuses))


class JsonCondition(Parameters):
    """A value in a JSON answer. The path must find one at least; all that it finds must be as asked."""

    path: Annotated[str, Field(max_length=PATTERN_LIMIT), AfterValidator(_is_path)] = Field(
        description='JSONPath (RFC 9535), such as $.status or $.checks[*].state. Not for label values: use "equals".'
    )
    equals: StrictBool | StrictInt | StrictFloat | StrictStr | None = Field(
        None, description='The value must be this text, number, true or false; kinds are not mixed (5 is not "5").'
    )
    matches: Regex | None = Field(None, description="The value must be text that this RE2 regex matches as a whole.")
    above: float | None = Field(None, allow_inf_nan=False, description="The value must be a number above this one.")
    below: float | None = Field(None, allow_inf_nan=False, description="The value must be a number below this one.")


class HeaderCondition(Parameters):
    """A header of the answer. Without ``equals`` and ``matches`` it must only be there."""

    name: Annotated[str, AfterValidator(checked_name)] = Field(description="The header's name; case does not count.")
    equals: str | None = Field(None, description="The value must be this.")
    matches: Regex | None = Field(None, description="The value must match this RE2 regex as a whole.")

    @model_validator(mode="after")
    def _one(self) -> HeaderCondition:
        if self.equals is not None and self.matches is not None:
            raise ValueError("give one of equals and matches")
        return self


def find(document: object, condition: JsonCondition) -> list[Any]:
    """Return what the path finds. Raise ValueError when it is too much."""
    from remediator.actions.http import json_paths  # noqa: PLC0415 -- see _is_path

    return json_paths.find(document, condition.path)


def judge_values(values: list[Any], condition: JsonCondition) -> str:
    """Return why these values do not fulfil the condition, or ""."""
    if not values:
        return f"{condition.path} finds nothing in the answer"
    for value in values:
        wrong = _judge_value(value, condition)
        if wrong:
            return f"{condition.path} is {show(value)}, {wrong}"
    return ""


def _judge_value(value: object, condition: JsonCondition) -> str:
    if condition.equals is not None and not _same(value, condition.equals):
        return f"not {show(condition.equals)}"
    if condition.matches is not None and not (isinstance(value, str) and matches_whole(condition.matches, value)):
        return f"which {condition.matches} does not match"
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    if condition.above is not None and not (number is not None and number > condition.above):
        return f"not above {condition.above:.10g}"
    if condition.below is not None and not (number is not None and number < condition.below):
        return f"not below {condition.below:.10g}"
    return ""


def _same(left: object, right: object) -> bool:
    # For Python True equals 1; in JSON they are of different kinds.
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def judge_header(value: str | None, condition: HeaderCondition) -> str:
    """Return why the header does not fulfil the condition, or ""."""
    if value is None:
        return f"the header {condition.name} is absent"
    if condition.equals is not None and value != condition.equals:
        return f"the header {condition.name} is {show(value)}, not {show(condition.equals)}"
    if condition.matches is not None and not matches_whole(condition.matches, value):
        return f"the header {condition.name} is {show(value)}, which {condition.matches} does not match"
    return ""


def show(value: object) -> str:
    """Return a value as JSON for a sentence, at most 120 characters."""
    return excerpt(orjson.dumps(value).decode(), _SHOWN)


def kept(value: object) -> Any:
    """Return the value if it is small enough to keep, else the beginning of its JSON as text."""
    if isinstance(value, str):
        return excerpt(value, _VALUE_LIMIT)
    data = orjson.dumps(value)
    return value if len(data) <= _VALUE_LIMIT else excerpt(data.decode(), _VALUE_LIMIT)
