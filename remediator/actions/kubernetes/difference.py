"""What a dry run would change, as lines that a person can read: a unified diff, one place a line."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from itertools import groupby
from typing import Any

from remediator.actions.kubernetes.documents import Document, clean
from remediator.core.redaction import is_secret_name, redact

_MOST_LINES = 100
_LONGEST_VALUE = 200
# The server counts these up with every change, or keeps them for itself.
_NOISE = ("metadata.managedFields", "metadata.resourceVersion", "metadata.generation", "status")
_ABSENT = object()


def difference(title: str, old: Document, new: Document, *, shown: Collection[str] = ()) -> str:
    """Return the changed fields, grouped by the object they stand in; a sentence when there are none.

    Bounded: 100 lines of at most 200 characters a value. Values of environment variables are not shown,
    but for those named in ``shown``, and of these none that looks secret.
    """
    before, after = dict(_leaves(old)), dict(_leaves(new))
    changed = [
        place
        for place in sorted(before.keys() | after.keys())
        if before.get(place, _ABSENT) != after.get(place, _ABSENT) and not _is_noise(place)
    ]
    if not changed:
        return f"{title}: nothing would change"
    lines = [f"--- {title}", f"+++ {title} (as it would be)"]
    for parent, places in groupby(changed, key=lambda place: place[:-1]):
        lines.append(f"@@ {'.'.join(parent)} @@")
        for place in places:
            lines += [
                f"{sign}{place[-1]}: {_show(place, values[place], shown)}"
                for sign, values in (("-", before), ("+", after))
                if place in values
            ]
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], f"({len(lines) - _MOST_LINES} more lines)"]
    return "\n".join(lines)


def _leaves(value: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every value that is neither object nor list, with its place; list items go by their name."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, (*place, str(key)))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            name = item.get("name") if isinstance(item, dict) else None
            yield from _leaves(item, (*place, f"[{name if isinstance(name, str) else index}]"))
    elif place:
        yield place, value


def _is_noise(place: tuple[str, ...]) -> bool:
    joined = ".".join(place)
    return any(joined == noise or joined.startswith(f"{noise}.") for noise in _NOISE)


def _show(place: tuple[str, ...], value: Any, shown: Collection[str]) -> str:
    if "env" in place and place[-1] == "value" and not _may_be_shown(place[-2][1:-1], value, shown):
        return "(not shown)"
    return clean(value if isinstance(value, str) else json.dumps(value), _LONGEST_VALUE)


def _may_be_shown(name: str, value: Any, shown: Collection[str]) -> bool:
    """Whether a variable's value may be shown: one that was asked for, secret neither by its name nor by its shape."""
    return name in shown and not is_secret_name(name) and (not isinstance(value, str) or redact(value) == value)
