"""Argument trees: each text in one is rendered for the field that it lands in. Keys never are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct
from pydantic import BaseModel

from remediator.core.action import Lands
from remediator.core.expressions.lookups import Scope
from remediator.core.expressions.values import text
from remediator.core.templates.shapes import Shape, below
from remediator.core.templates.template import Template, compile_template, is_templated
from remediator.errors import RenderError, TemplateError

Path = tuple[str | int, ...]

_DEPTH = 32


class Leaf(Struct, frozen=True):
    """The place of one text in an argument tree."""

    lands: Lands
    is_text: bool  #: only text may stand there: a rendered number becomes text, too


def lands_of(model: type[BaseModel], path: Path) -> Lands:
    """Return how text at a path of a model lands: keys are field names or aliases, indices whole numbers.

    The ``Lands`` in the nearest ``Annotated`` counts. A path that the model does not have is TEXT:
    validation refuses it. TypeError when the alternatives of a union land differently.
    """
    return leaf_at(model, path).lands


@lru_cache(maxsize=8192)
def leaf_at(model: type[BaseModel], path: Path) -> Leaf:
    """Return what kind of place a path of a model is; see ``lands_of``."""
    found = [Shape(model, None)]
    for key in path:
        found = [each for shape in found for each in below(shape, key)]
    ways = {shape.lands for shape in found if shape.lands is not None and shape.lands is not Lands.TEXT}
    if len(ways) > 1:
        kinds = " or ".join(sorted(way.value for way in ways))
        raise TypeError(f"{model.__name__}.{_place(path)}: a text could land as {kinds}")
    types = {shape.type for shape in found}
    return Leaf(ways.pop() if ways else Lands.TEXT, str in types and types <= {str, None, type(None)})


def render_tree(value: Any, model: type[BaseModel], scope: Scope) -> Any:
    """Return the tree with every templated text rendered for its field; RenderError names the field.

    ``value`` is the arguments of ``model``, as written. Nothing of it is changed.
    """
    return _rendered(value, model, (), scope)


def _rendered(value: Any, model: type[BaseModel], path: Path, scope: Scope) -> Any:
    if isinstance(value, str):
        return _rendered_text(value, model, path, scope) if is_templated(value) else value
    if len(path) > _DEPTH:
        raise RenderError("the arguments are nested too deep")
    if isinstance(value, Mapping):
        return {key: _rendered(item, model, (*path, key), scope) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rendered(item, model, (*path, index), scope) for index, item in enumerate(value)]
    return value


def _rendered_text(source: str, model: type[BaseModel], path: Path, scope: Scope) -> object:
    leaf = leaf_at(model, path)
    try:
        made = compile_template(source, leaf.lands).render(scope)
    except TemplateError as error:  # load time has refused it; a stored plan may be older than the check
        raise RenderError(f"{_place(path)}: {error}") from error
    except RenderError as error:
        raise type(error)(f"{_place(path)}: {error}") from error
    if leaf.is_text and isinstance(made, (bool, int, float)):
        return text(made)
    return made


def _place(path: Path) -> str:
    return ".".join(map(str, path))


def names_in_tree(value: Any, model: type[BaseModel]) -> Iterator[tuple[Path, Template | TemplateError]]:
    """Yield every templated text of an argument tree: its path, and its template or what is wrong with it.

    Literal text in a field that lands as PromQL, URL or JSON is yielded only when something is wrong with it.
    """
    return _names(value, model, ())


def _names(value: Any, model: type[BaseModel], path: Path) -> Iterator[tuple[Path, Template | TemplateError]]:
    if isinstance(value, str):
        found = _compiled(value, leaf_at(model, path).lands)
        if isinstance(found, TemplateError) or not found.is_literal:
            yield path, found
    elif len(path) > _DEPTH:
        yield path, TemplateError("the arguments are nested too deep")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(key, str) and is_templated(key):
                yield (*path, key), TemplateError("keys are never rendered")
            yield from _names(item, model, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _names(item, model, (*path, index))


def _compiled(source: str, lands: Lands) -> Template | TemplateError:
    try:
        return compile_template(source, lands)
    except TemplateError as error:
        return error
