"""Steps whose library is not installed here: said when rules are loaded to be run, not when an alert needs them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from remediator.actions import registry
from remediator.core.action import Library
from remediator.core.foresight import Blind, Use, could_be, foresee, steps_of
from remediator.core.problems import Problem
from remediator.core.rules import Rule
from remediator.interfaces.documents import Document, problem_at
from remediator.interfaces.rule_files.connections import connections_named, place_of_step

Connections = Mapping[str, Mapping[str, Any]]
Missing = Mapping[str, tuple[Library, ...]]
"""Libraries that are not installed, by system."""


def missing_extras(
    rules: Iterable[Rule], documents: Mapping[str, Document], connections: Connections
) -> Iterator[Problem]:
    """Yield a problem at each step that could not be performed in this process, and what to install.

    ``documents``: the file that each guide stands in, by the guide's name.
    """
    missing: dict[str, tuple[Library, ...]] = {}
    for rule in rules:
        systems = {step.action.partition(".")[0] for _, step, _ in steps_of(rule)}
        for system in systems - missing.keys():
            missing[system] = registry.missing_libraries(system)
        if not any(missing[system] for system in systems):
            continue
        for use in foresee(rule, registry.find):
            place = place_of_step(documents[rule.guide.name], use)
            for library in _needed(rule, use, missing, connections):
                message = f'{use.place.action} needs the extra "{library.extra}", which is not installed here'
                hint = f'pip install "remediator[{library.extra}]" (there is no module {library.module})'
                yield problem_at(documents[rule.guide.name], place, message, hint, on_key=True)


def _needed(rule: Rule, use: Use | Blind, missing: Missing, connections: Connections) -> Iterator[Library]:
    """Yield the libraries that this use needs, with any of the connections that an alert may choose for it."""
    action = use.place.action
    system = action.partition(".")[0]
    if not missing[system]:
        return
    written = [name for _, of, name in connections_named(rule, use) if of == system]
    there = connections.get(system, {})
    names = [name for text in written for name in there if could_be(text, name)] if written else [""]
    for library in missing[system]:
        if any(library.used(action, name, connections) for name in names):
            yield library
