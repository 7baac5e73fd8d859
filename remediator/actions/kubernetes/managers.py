"""Field managers: who wrote which part of an object, and when.

Source: Kubernetes, "Server-Side Apply", Field management: ``metadata.managedFields`` has an entry a
manager; ``fieldsV1`` is a tree of the fields it owns (``f:spec``), ``time`` is when it last added,
changed or gave up one of them, to the second.
"""

from __future__ import annotations

from remediator.actions.kubernetes.documents import Document, clean, objects, section, text


def managers_of(item: Document) -> frozenset[str]:
    """Return the names of those who wrote anything but its status."""
    entries = objects(item, "metadata", "managedFields")
    return frozenset(text(entry, "manager", limit=128) for entry in entries if entry.get("subresource") != "status")


def last_writers(item: Document, *fields: str) -> tuple[str, ...]:
    """Return who wrote below these fields last (``"spec", "template"``); several when it was in one second.

    Empty when that is not recorded.
    """
    found: dict[str, list[str]] = {}
    for entry in objects(item, "metadata", "managedFields"):
        if entry.get("subresource") == "status":
            continue
        *parents, last = (f"f:{field}" for field in fields)
        if last in section(entry, "fieldsV1", *parents):
            # Times are RFC 3339 in UTC, to the second: as texts they sort as they are.
            name = clean(entry.get("manager"), 128) or "(unnamed)"
            found.setdefault(text(entry, "time", limit=40), []).append(name)
    return tuple(found[max(found)]) if found else ()
