"""What is still known of a rule file that its model refuses, and which places of it are not.

A wrong rule still names a guide, a wrong guide still has steps: what refers to something is checked all the same, so
that everything that is wrong is told at once. Whatever follows only from what is lost is not told.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from remediator.core.guide import GuideText, ParameterText, StepText
from remediator.interfaces.documents import Path

M = TypeVar("M", bound=BaseModel)


class LostParameter(ParameterText):
    """A parameter of which only the name is known."""


class LostParameters(dict[str, ParameterText]):
    """Parameters of which not even the names are known."""


class AnyName(frozenset[str]):
    """Names of which some are not known: any may be one of them."""

    def __contains__(self, name: object) -> bool:
        return True


class Salvaged:
    """Collects the places that are lost while a tree is salvaged."""

    def __init__(self) -> None:
        self.lost: set[Path] = set()

    def made(self, model: type[M], data: Any, place: Path = ()) -> M:
        """Return the model with all that is right in ``data``; the rest has its default, or is empty. Never raises."""
        written: Mapping[str, Any] = data if isinstance(data, dict) else {}
        if not isinstance(data, dict):
            self.lost.add(place)
        fields: dict[str, Any] = {}
        names = {info.alias or name: (name, info) for name, info in model.model_fields.items()}
        for key, (name, info) in names.items():
            if key in written:
                fields[name] = self._value(model, name, info, written[key], (*place, key))
            elif info.is_required():
                self.lost.add((*place, key))
                fields[name] = _empty(info)
        extra = [key for key in written if key not in names]
        if issubclass(model, StepText):
            return self._step(model, fields, {key: written[key] for key in extra}, place)
        for key in extra:  # a misspelt key: what it was to say is not known
            near = difflib.get_close_matches(key, [name for name in names if name not in written], n=1, cutoff=0.6)
            self.lost.update((*place, name) for name in near)
        if model is GuideText and is_lost((*place, "parameters"), self.lost):
            fields["parameters"] = LostParameters()
        return model.model_construct(**fields)

    def _step(self, model: type[M], fields: dict[str, Any], extra: dict[str, Any], place: Path) -> M:
        if len(extra) != 1 or not isinstance(next(iter(extra.values())), (dict, type(None))):
            self.lost.add(place)
            extra = {}
        return model.model_construct(**fields, **extra)

    def _value(self, model: type[BaseModel], name: str, info: FieldInfo, value: Any, place: Path) -> Any:
        annotation = _without_none(info.annotation)
        if _is_model(annotation):
            return None if value is None and info.default is None else self.made(annotation, value, place)
        inner = get_args(annotation)
        if get_origin(annotation) is tuple and isinstance(value, list) and _has_parts(inner[0]):
            return tuple(self._item(inner[0], each, (*place, index)) for index, each in enumerate(value))
        if get_origin(annotation) is dict and isinstance(value, dict) and _has_parts(inner[1]):
            return {str(key): self._item(inner[1], each, (*place, key)) for key, each in value.items()}
        try:
            return _adapter(model, name).validate_python(value)
        except ValidationError:
            self.lost.add(place)
            return _empty(info) if info.is_required() else info.get_default(call_default_factory=True)

    def _item(self, annotation: Any, value: Any, place: Path) -> Any:
        if not _is_model(annotation):
            if not isinstance(value, str):  # positions count: what is lost keeps its own
                self.lost.add(place)
            return value if isinstance(value, str) else ""
        before = len(self.lost)
        made = self.made(annotation, value, place)
        if annotation is ParameterText and len(self.lost) + (not _is_right(annotation, value)) > before:
            return LostParameter()
        return made


def is_lost(place: Path, lost: AbstractSet[Path]) -> bool:
    """Whether this place, or one that it stands in, is not known."""
    return bool(lost) and any(place[:length] in lost for length in range(len(place) + 1))


def _empty(info: FieldInfo) -> Any:
    annotation = info.annotation
    if annotation is str:
        return ""
    return () if get_origin(annotation) is tuple else None


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation
    found = [each for each in get_args(annotation) if each is not type(None)]
    return found[0] if len(found) == 1 else annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _has_parts(annotation: Any) -> bool:
    """Whether items of this type can be right one by one: documents and texts."""
    return _is_model(annotation) or annotation is str or get_args(annotation)[:1] == (str,)


def _is_right(model: type[BaseModel], value: Any) -> bool:
    try:
        model.model_validate(value)
    except ValidationError:
        return False
    return True


@lru_cache(maxsize=256)
def _adapter(model: type[BaseModel], name: str) -> TypeAdapter[Any]:
    info = model.model_fields[name]
    marked: Any = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
    return TypeAdapter(marked)
