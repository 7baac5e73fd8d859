"""Field managers, as an API server records them: who wrote which fields, and when."""

from __future__ import annotations

import copy
from typing import Any


def record(old: dict[str, Any], new: dict[str, Any], manager: str, time: str, sub: str = "") -> None:
    """Note in the new object's ``managedFields`` that this manager wrote what differs from the old one.

    Through ``scale`` (``sub``) that is an entry of its own, and a real server writes no time there.
    """
    written = _difference(
        {key: value for key, value in old.items() if key != "status"},
        {key: value for key, value in new.items() if key != "status"},
    )
    for kept in ("resourceVersion", "generation", "managedFields", "uid", "creationTimestamp"):
        written.get("f:metadata", {}).pop(f"f:{kept}", None)
    note(new, manager, written, time, sub)


def note(document: dict[str, Any], manager: str, fields: dict[str, Any], time: str, sub: str = "") -> None:
    """Give these fields (``{"f:spec": {"f:replicas": {}}}``) to this manager."""
    entries = copy.deepcopy(document["metadata"].get("managedFields", []))
    mine = next((e for e in entries if (e["manager"], e.get("subresource", "")) == (manager, sub)), None)
    if mine is None:
        mine = {"manager": manager, "operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": {}}
        mine |= {"subresource": sub} if sub else {}
        entries.append(mine)
    for entry in entries:
        if entry is not mine:
            _take(entry["fieldsV1"], fields)
    _give(mine["fieldsV1"], fields)
    if sub != "scale":
        mine["time"] = time
    document["metadata"]["managedFields"] = entries


def _difference(old: Any, new: Any) -> dict[str, Any]:
    """Return the tree of fields that are new or other; a list is one field here."""
    found = {}
    for key, value in new.items():
        before = old.get(key) if isinstance(old, dict) else None
        if value != before:
            found[f"f:{key}"] = _difference(before, value) if isinstance(value, dict) else {}
    return found


def _give(tree: dict[str, Any], fields: dict[str, Any]) -> None:
    for key, below in fields.items():
        _give(tree.setdefault(key, {}), below)


def _take(tree: dict[str, Any], fields: dict[str, Any]) -> None:
    for key, below in fields.items():
        if key in tree:
            _take(tree[key], below)
            if not tree[key] or not below:
                del tree[key]
