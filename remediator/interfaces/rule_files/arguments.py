"""Arguments of a step as a file has them: what the action's model refuses, but for what a template will bring."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails

from remediator.core.action import Parameters
from remediator.core.problems import Problem
from remediator.core.templates import is_templated
from remediator.interfaces.documents import Document, Path
from remediator.interfaces.faults import problems_of

_TEMPLATE = re.compile(r"\{\{.*?\}\}", re.DOTALL)


def wrong_arguments(
    document: Document, where: Path, model: type[Parameters], args: Mapping[str, Any]
) -> Iterable[Problem]:
    """Return what the model refuses, but for the places where a template stands: they are validated when rendered."""
    faults = [fault for fault in _faults(model, args) if not _stands_on_template(args, fault["loc"])]
    if any(_has_template(_standing_at(args, fault["loc"])) for fault in faults):
        # What is refused as a whole (a manifest) may have a template inside: with a word in its place it may be right.
        filled = _faults(model, _filled(args))
        faults = [kept for fault in faults for kept in _certain(fault, args, filled)]
    details: list[InitErrorDetails] = []
    for fault in faults:
        kept: Any = {key: fault[key] for key in ("type", "loc", "input", "ctx") if key in fault}
        details.append(kept)
    if details:
        remaining = ValidationError.from_exception_data(model.__name__, details)
        return problems_of(remaining, document, model, args, where)
    return ()


def _faults(model: type[Parameters], args: Any) -> list[ErrorDetails]:
    try:
        model.model_validate(args)
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


def _certain(fault: ErrorDetails, args: Mapping[str, Any], filled: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Return what is wrong at a fault's place, whatever the templates in it bring."""
    if not _has_template(_standing_at(args, fault["loc"])):
        return [fault]
    return [each for each in filled if fault["loc"] and each["loc"] == fault["loc"]][:1]


def _filled(args: Any) -> Any:
    """Return arguments with a word in each template's place."""
    if isinstance(args, str):
        return _TEMPLATE.sub("x", args)
    if isinstance(args, Mapping):
        return {name: _filled(value) for name, value in args.items()}
    return [_filled(item) for item in args] if isinstance(args, (list, tuple)) else args


def _stands_on_template(args: Any, loc: tuple[int | str, ...]) -> bool:
    """Whether a template stands at a place that a model refused."""
    value = _standing_at(args, loc)
    return isinstance(value, str) and is_templated(value)


def _standing_at(args: Any, loc: tuple[int | str, ...]) -> Any:
    """Return what stands at a place that a model refused. Names of union members in it are passed over."""
    value = args
    for part in loc:
        if isinstance(value, str):
            break
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            continue
    return value


def _has_template(args: Any) -> bool:
    if isinstance(args, str):
        return is_templated(args)
    inner = args.values() if isinstance(args, Mapping) else args if isinstance(args, (list, tuple)) else ()
    return any(_has_template(item) for item in inner)
