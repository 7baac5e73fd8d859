"""Finds declared actions by name. A module is imported when a rule first asks for it."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

import remediator.actions as package
from remediator.core.action import Action, Library

_NOT_SYSTEMS = {"context", "registry", "answers"}


@cache
def systems() -> tuple[str, ...]:
    """Return the names of all systems, without importing them."""
    return tuple(
        sorted(module.name for module in pkgutil.iter_modules(package.__path__) if module.name not in _NOT_SYSTEMS)
    )


@cache
def of_system(system: str) -> MappingProxyType[str, Action[Any, Any]]:
    """Return the actions of one system by full name; empty when there is no such system.

    A module lists its own as ``ACTIONS``; where a system is a package, each of its modules may have one, ``ACTION``.
    """
    if system not in systems():
        return MappingProxyType({})
    module = importlib.import_module(f"{package.__name__}.{system}")
    actions: list[Action[Any, Any]] = list(getattr(module, "ACTIONS", ()))
    for part in pkgutil.iter_modules(getattr(module, "__path__", ())):
        one = getattr(importlib.import_module(f"{module.__name__}.{part.name}"), "ACTION", None)
        if one is not None:
            actions.append(one)
    return MappingProxyType({action.name: action for action in actions})


def find(name: str) -> Action[Any, Any] | None:
    """Return the action of this name, or None."""
    return of_system(name.partition(".")[0]).get(name)


def names() -> tuple[str, ...]:
    """Return every action's name; imports all systems."""
    return tuple(name for system in systems() for name in of_system(system))


def connection_model(system: str) -> type[BaseModel] | None:
    """Return the model of one entry under ``connections.<system>``; None if it takes none."""
    if system not in systems():
        return None
    model: type[BaseModel] | None = getattr(importlib.import_module(f"{package.__name__}.{system}"), "Connection", None)
    return model


def missing_libraries(system: str) -> tuple[Library, ...]:
    """Return those of a system's libraries that are not installed. They are looked for, and not imported."""
    if system not in systems():
        return ()
    listed: tuple[Library, ...] = getattr(importlib.import_module(f"{package.__name__}.{system}"), "LIBRARIES", ())
    return tuple(library for library in listed if importlib.util.find_spec(library.module) is None)


def own_places(used: Iterable[str], environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return patterns of the targets that are the daemon itself, as the systems in use tell it.

    A system's module may have a function ``own_places(environ)`` that returns them.
    """
    found: list[str] = []
    for system in used:
        if system in systems():
            tell = getattr(importlib.import_module(f"{package.__name__}.{system}"), "own_places", None)
            found += tell(environ) if tell is not None else ()
    return tuple(found)
