"""Reading an answer without trusting it: what is absent or of another type reads as empty."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

_SHOWN = 500


def section(document: Any, *keys: str) -> Document:
    """Return the object below these keys; empty when any of them is missing or not an object."""
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def number(document: Any, *keys: str, default: int = 0) -> int:
    """Return the integer below these keys, else the default (the API leaves out zeros)."""
    found = section(document, *keys[:-1]).get(keys[-1])
    return found if isinstance(found, int) and not isinstance(found, bool) else default


def text(document: Any, *keys: str, limit: int = _SHOWN) -> str:
    """Return the text below these keys, cut at ``limit`` characters; empty when there is none."""
    found = section(document, *keys[:-1]).get(keys[-1])
    return found[:limit] if isinstance(found, str) else ""


def flag(document: Any, *keys: str) -> bool:
    """Whether true stands below these keys."""
    return section(document, *keys[:-1]).get(keys[-1]) is True


def objects(document: Any, *keys: str) -> list[Document]:
    """Return the objects of the list below these keys; what is no object is left out."""
    found = section(document, *keys[:-1]).get(keys[-1])
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def clean(value: Any, limit: int = _SHOWN) -> str:
    """Return a text fit for one line of a report: control characters become spaces, the rest is cut."""
    if not isinstance(value, str):
        return ""
    line = "".join(char if char.isprintable() else " " for char in value[: limit + 1]).strip()
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
