"""Label and field selectors as an API server reads them."""

from __future__ import annotations

import re
from typing import Any

_FIELDS = (
    "metadata.name", "metadata.namespace", "status.phase", "involvedObject.kind", "involvedObject.name",
    "involvedObject.uid", "reason", "type", "spec.nodeName",
)  # fmt: skip
_IN = re.compile(r"(\S+)\s+(in|notin)\s+\(([^)]*)\)")


class SelectorError(Exception):
    """The selector cannot be read; answered 400."""


def fits_labels(item: dict[str, Any], selector: str) -> bool:
    labels = item["metadata"].get("labels", {})
    return all(_fits(labels, part.strip()) for part in _parts(selector))


def _fits(labels: dict[str, str], part: str) -> bool:
    listed = _IN.fullmatch(part)
    if listed:
        values = [value.strip() for value in listed[3].split(",")]
        return (labels.get(listed[1]) in values) == (listed[2] == "in")
    compared = re.fullmatch(r"([^=!]+?)\s*(==|=|!=)\s*([^=!]*)", part)
    if compared and "(" in compared[3]:
        raise SelectorError("unable to parse requirement: found '(', expected: identifier")
    if compared:
        return (labels.get(compared[1]) == compared[3]) == (compared[2] != "!=")
    if not re.fullmatch(r"!?[A-Za-z0-9_./-]+", part):
        raise SelectorError(f"unable to parse requirement: {part}")
    return (part.lstrip("!") in labels) != part.startswith("!")


def _parts(selector: str) -> list[str]:
    return [part for part in re.split(r",(?![^(]*\))", selector) if part]


def fits_fields(item: dict[str, Any], selector: str) -> bool:
    for part in filter(None, selector.split(",")):
        found = re.fullmatch(r"([^=!]+)(==|=|!=)(.*)", part)
        if not found or found[1] not in _FIELDS:
            raise SelectorError(f"field label not supported: {re.split('[=!]', part)[0]}")
        value: Any = item
        for key in found[1].split("."):
            value = value.get(key, "") if isinstance(value, dict) else ""
        if (value == found[3]) != (found[2] != "!="):
            return False
    return True
