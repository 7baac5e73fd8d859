"""Places in an object, and the patch that sets several of them: pure, on raw JSON.

A place is a tuple of keys; an item of a list goes by its name, in brackets:
``("spec", "template", "spec", "containers", "[app]", "image")``. In the lists meant here the name is
what a strategic merge patch merges by (containers and their environment; Kubernetes, "Update API
Objects in Place Using kubectl patch").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from remediator.actions.kubernetes.documents import Document
from remediator.actions.kubernetes.quantity import same_quantity

Place = tuple[str, ...]
Fields = Mapping[Place, Any]
"""What shall stand at each place; None for what shall not be there."""

TEMPLATE: Final[Place] = ("spec", "template")


def value_at(document: Any, place: Place) -> Any:
    """Return what stands there, of a list's item all but its name; None when nothing does."""
    for key in place:
        if key.startswith("["):
            items = document if isinstance(document, list) else []
            document = next((item for item in items if isinstance(item, dict) and item.get("name") == key[1:-1]), None)
        else:
            document = document.get(key) if isinstance(document, dict) else None
    if place[-1].startswith("[") and document is not None:
        return {key: value for key, value in document.items() if key != "name"}
    return document


def patch_for(fields: Fields) -> Document:
    """Return the strategic merge patch that sets these places; one without list items is a merge patch, too."""
    patch: Document = {}
    for place, value in fields.items():
        inner: Any = patch
        for key, following in zip(place, (*place[1:], ""), strict=True):
            if key.startswith("["):
                inner = _item(inner, key[1:-1])
                if not following:
                    inner |= {"$patch": "delete"} if value is None else value
            elif not following:
                inner[key] = value
            else:
                inner = inner.setdefault(key, [] if following.startswith("[") else {})
    return patch


def same(place: Place, one: Any, other: Any) -> bool:
    """Whether two values of a place mean the same to the API, which leaves out zeros and rewrites quantities."""
    if place[-3:-2] == ("resources",):
        return same_quantity(one, other)
    if place[-2:-1] == ("env",):
        return bool(_variable(one) == _variable(other))
    if place in _FALSE_IS_ABSENT or place[-1] in _ZERO_IS_ABSENT:
        return (one or None) == (other or None)
    return bool(one == other)


_FALSE_IS_ABSENT = frozenset({("spec", "paused")})
_ZERO_IS_ABSENT = frozenset({"initialDelaySeconds"})


def _variable(value: Any) -> Any:
    return {"value": "", **value} if isinstance(value, dict) and "valueFrom" not in value else value


def _item(items: list[Document], name: str) -> Document:
    for item in items:
        if item["name"] == name:
            return item
    items.append({"name": name})
    return items[-1]
