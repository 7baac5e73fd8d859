"""Follows the place that a pydantic error names through the data and through the model at once.

pydantic's ``loc`` mixes keys with the names of a union's branches (``throttle``, ``ThrottleText``,
``max``). The data says which is which: what is no key there is a branch. The model says which keys
would have been known.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from msgspec import Struct
from msgspec.structs import replace
from pydantic import AliasChoices, AliasPath, BaseModel, RootModel, SecretBytes, SecretStr
from pydantic.fields import FieldInfo

from remediator.core.redaction import is_secret_name
from remediator.interfaces.places import Path


class Trace(Struct, frozen=True):
    """Where an error's ``loc`` leads."""

    path: Path  #: as far as the data goes
    value: Any  #: what stands there
    types: tuple[Any, ...]  #: what the model would take there; a union's branches side by side
    known: tuple[str, ...] = ()  #: the keys that the mapping around it knows
    branches: tuple[tuple[Path, str], ...] = ()  #: a union's branches on the way: where, and which
    on_key: bool = False  #: the key is meant, not its value
    absent: str = ""  #: the key that ``loc`` ends with and the data does not have

    @property
    def secret(self) -> bool:
        """Whether the value must not be shown."""
        names = [part for part in self.path if isinstance(part, str)]
        return any(one in {SecretStr, SecretBytes} for one in self.types) or bool(names and is_secret_name(names[-1]))


def follow(loc: Iterable[str | int], data: Any, model: Any, *, ends_with_key: bool) -> Trace:
    """Return where ``loc`` leads; ``ends_with_key`` says that its last part is a key, whether there or not."""
    parts = tuple(loc)
    trace = Trace((), data, _members(model))
    for at, part in enumerate(parts):
        key = _key(trace.value, part)
        if key is not None:
            trace = Trace(
                (*trace.path, key), trace.value[key], _below(trace.types, key), _names(trace.types), trace.branches
            )
        elif ends_with_key and at == len(parts) - 1:
            trace = replace(trace, absent=str(part), known=_names(trace.types))
        elif part == "[key]":
            trace = replace(trace, on_key=True)
        else:
            branch = (trace.path, str(part))
            trace = replace(trace, branches=(*trace.branches, branch), types=_narrow(trace.types, part))
    return trace


def _key(value: Any, part: str | int) -> str | int | None:
    if isinstance(value, dict):
        return str(part) if str(part) in value else None
    if isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
        return part
    return None


def _members(annotation: Any) -> tuple[Any, ...]:
    """Return the types that an annotation stands for, unions and aliases taken apart."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0])
    if origin in {Union, types.UnionType}:
        return tuple(one for member in get_args(annotation) for one in _members(member))
    if hasattr(annotation, "__value__"):  # type X = …
        return _members(annotation.__value__)
    if _is_model(annotation) and issubclass(annotation, RootModel):
        return _members(annotation.model_fields["root"].annotation)
    return (annotation,)


def _is_model(one: Any) -> bool:
    return get_origin(one) is None and isinstance(one, type) and issubclass(one, BaseModel)


def _aliases(name: str, field: FieldInfo) -> tuple[str, ...]:
    """Return the keys under which a field is read."""
    alias = field.validation_alias or field.alias or name
    paths = alias.choices if isinstance(alias, AliasChoices) else [alias]
    return tuple(str(one.path[0]) if isinstance(one, AliasPath) else one for one in paths)


def _names(kinds: tuple[Any, ...]) -> tuple[str, ...]:
    fields = (item for kind in kinds if _is_model(kind) for item in kind.model_fields.items())
    return tuple(alias for name, field in fields for alias in _aliases(name, field))


def _below(kinds: tuple[Any, ...], key: str | int) -> tuple[Any, ...]:
    """Return the types of what stands under a key, or at a place in a list."""
    found: list[Any] = []
    for kind in kinds:
        origin, args = get_origin(kind), get_args(kind)
        if _is_model(kind):
            fields = (field for name, field in kind.model_fields.items() if key in _aliases(name, field))
            found += [one for field in fields for one in _members(field.annotation)]
        elif origin is tuple and Ellipsis not in args:
            found += _members(args[key]) if isinstance(key, int) and key < len(args) else ()
        elif isinstance(origin, type) and args:
            found += _members(args[-1] if issubclass(origin, Mapping) else args[0])
    return tuple(found)


def _narrow(kinds: tuple[Any, ...], label: str | int) -> tuple[Any, ...]:
    """Return the branch that a label names: by its class, or by a literal of its discriminator."""
    chosen = tuple(kind for kind in kinds if _is_model(kind) and (kind.__name__ == label or _has_tag(kind, label)))
    return chosen or kinds


def _has_tag(kind: type[BaseModel], label: str | int) -> bool:
    return any(
        get_origin(one) is Literal and label in get_args(one)
        for field in kind.model_fields.values()
        for one in _members(field.annotation)
    )
