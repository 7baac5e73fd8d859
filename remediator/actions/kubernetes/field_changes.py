"""What a change is, field by field: place, old and new value. Nothing is asked here."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import orjson

from remediator.actions.kubernetes.documents import Document, text
from remediator.actions.kubernetes.manifest import Path, at, leaves
from remediator.errors import PermanentError

_LARGEST_RECORD = 128 * 1024
# What the server writes by itself, with every change or at its own time.
_SERVERS = {("metadata", key) for key in ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp")}


def changes_between(manifest: Document, found: Document | None, answer: Document) -> list[list[Any]]:
    """Return place, old and new value of what would differ; of a new object, of what the manifest names.

    Raise PermanentError when that is more than 128 KiB.
    """
    changes = _changes(manifest, found, answer)
    if len(orjson.dumps(changes)) > _LARGEST_RECORD:
        raise PermanentError("what would change is too much to be recorded for its undo")
    return changes


def _changes(manifest: Document, found: Document | None, answer: Document) -> list[list[Any]]:
    if found is None:
        paths = {path for path, _ in leaves({key: manifest[key] for key in manifest if key != "apiVersion"})}
        return [[list(path), None, at(answer, path)] for path in sorted(paths) if path != ("metadata", "namespace")]
    paths = {path for document in (found, answer) for path, _ in leaves(document)}
    kept = sorted(path for path in paths if path[:1] != ("status",) and path[:2] not in _SERVERS)
    # An object that is emptied or filled is a leaf on one side only: its members tell.
    pairs = ((path, at(found, path), at(answer, path)) for path in kept)
    return [[list(path), old, new] for path, old, new in pairs if old != new]


def recorded(before: Mapping[str, Any]) -> list[tuple[Path, Any, Any]]:
    """Return the changes that an intent has recorded; PermanentError when it has none."""
    found = before.get("changes")
    if not isinstance(found, list) or not isinstance(before.get("existed"), bool):
        raise PermanentError("what was there before is not known")
    return [(tuple(path), old, new) for path, old, new in found]


def patch_back(found: Document, changes: list[tuple[Path, Any, Any]]) -> Document:
    """Return the merge patch that puts the old values back; null removes what was not there."""
    patch: Document = {"metadata": {"resourceVersion": text(found, "metadata", "resourceVersion")}}
    for path, old, _ in changes:
        place = patch
        for key in path[:-1]:
            inner = place.get(key)
            if not isinstance(inner, dict):
                inner = place[key] = {}
            place = inner
        place[path[-1]] = copy.deepcopy(old)  # what stands in it may be patched next
    return patch
