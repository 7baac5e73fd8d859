"""What may stand at a place of a pydantic model, read from its annotations."""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import is_dataclass
from typing import (
    Annotated,
    Any,
    NamedTuple,
    NotRequired,
    Required,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import BaseModel, RootModel
from pydantic.fields import FieldInfo

from remediator.core.action import Lands

_TEXTS = (str, bytes)
_NOTHING: Any = object()


class Shape(NamedTuple):
    """One type that may stand at a place, and how text lands there."""

    type: Any  #: a class, ``list[int]``, ``Any``; never a union, ``Annotated`` or an alias
    lands: Lands | None  #: the nearest ``Lands`` around it; None when nothing says


def shapes(annotation: Any, lands: Lands | None = None) -> Iterator[Shape]:
    """Yield every alternative of an annotation."""
    while hasattr(annotation, "__value__"):  # `type X = …`
        annotation = annotation.__value__
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        yield from shapes(inner, next((mark for mark in marks if isinstance(mark, Lands)), lands))
    elif origin in (Union, types.UnionType):
        for each in get_args(annotation):
            yield from shapes(each, lands)
    elif origin in (Required, NotRequired):
        yield from shapes(get_args(annotation)[0], lands)
    elif hasattr(origin, "__value__"):  # a generic alias with its arguments
        yield Shape(Any, lands)
    elif isinstance(annotation, type) and issubclass(annotation, RootModel):
        yield from _field(annotation.model_fields["root"], lands)
    elif isinstance(annotation, TypeVar) or not (isinstance(annotation, type) or origin or annotation is None):
        yield Shape(Any, lands)  # a recursive alias's name, and whatever else has no shape of its own
    else:
        yield Shape(annotation, lands)


def below(shape: Shape, key: str | int) -> list[Shape]:
    """Return what may stand at a key (of a mapping, a model) or an index (of a list); empty when nothing can."""
    made, origin = shape.type, get_origin(shape.type) or shape.type
    if made is Any or made is object:
        return [Shape(Any, shape.lands)]
    if not isinstance(origin, type) or issubclass(origin, _TEXTS):
        return []
    if issubclass(origin, BaseModel):
        field = _named(origin, str(key))
        if field is None and origin.model_config.get("extra") == "allow":
            return [Shape(Any, shape.lands)]
        return list(_field(field, shape.lands)) if field else []
    found = _NOTHING
    if hasattr(origin, "__required_keys__") or is_dataclass(origin):  # a TypedDict, whoever's
        found = get_type_hints(origin, include_extras=True).get(str(key), _NOTHING)
    elif issubclass(origin, Mapping):
        found = (get_args(made) or (Any, Any))[1]
    elif issubclass(origin, Collection) and isinstance(key, int):
        found = _item(origin, get_args(made), key)
    return [] if found is _NOTHING else list(shapes(found, shape.lands))


def fields_of(shape: Shape) -> tuple[str, ...] | None:
    """Return a model's field names; None when it is no model."""
    is_model = isinstance(shape.type, type) and issubclass(shape.type, BaseModel)
    return tuple(shape.type.model_fields) if is_model else None


def is_list(shape: Shape) -> bool:
    """Whether its parts are asked for by index."""
    origin = get_origin(shape.type) or shape.type
    return isinstance(origin, type) and issubclass(origin, (list, tuple, deque, set, frozenset))


def _named(model: type[BaseModel], key: str) -> FieldInfo | None:
    for name, field in model.model_fields.items():
        if key in (name, field.alias, field.validation_alias):
            return field
    return None


def _field(field: FieldInfo, lands: Lands | None) -> Iterator[Shape]:
    mark = next((mark for mark in field.metadata if isinstance(mark, Lands)), lands)
    return shapes(field.annotation, mark)


def _item(origin: type, arguments: tuple[Any, ...], index: int) -> Any:
    if not arguments:
        return Any
    if issubclass(origin, tuple) and arguments[-1] is not Ellipsis:
        return arguments[index] if -len(arguments) <= index < len(arguments) else Any
    return arguments[0]
