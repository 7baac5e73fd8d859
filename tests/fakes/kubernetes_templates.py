"""What an API server makes of a pod template: quantities in their short form, and what it refuses."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import Any

_UNITS = {"": 1, "m": Fraction(1, 1000), "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
_SHAPE = re.compile(r"([0-9.]+)(m|k|M|G|Ki|Mi|Gi|)")


def settle(spec: dict[str, Any], selector: dict[str, Any] | None) -> str:
    """Bring a workload's template into the form in which it is stored; return what is invalid, or nothing."""
    template = spec.get("template") or {}
    labels = template.get("metadata", {}).get("labels", {})
    if any(labels.get(key) != value for key, value in ((selector or {}).get("matchLabels") or {}).items()):
        shown = json.dumps(labels, separators=(",", ":"))
        return f"spec.template.metadata.labels: Invalid value: {shown}: `selector` does not match template `labels`"
    for index, container in enumerate(template.get("spec", {}).get("containers", [])):
        problem = _container(container)
        if problem:
            return f"spec.template.spec.containers[{index}].{problem}"
    return ""


def _container(container: dict[str, Any]) -> str:
    if not container.get("image"):
        return "image: Required value"
    _leave_out_zeros(container)
    resources = container.get("resources", {})
    for amounts in resources.values():
        for name, text in amounts.items():
            found = _SHAPE.fullmatch(text)
            if not found:
                return f"resources: quantities must match the regular expression (got {text})"
            amounts[name] = _short(Fraction(found[1]) * _UNITS[found[2]], binary=found[2].endswith("i"))
    for name, text in resources.get("requests", {}).items():
        limit = resources.get("limits", {}).get(name)
        if limit is not None and _amount(limit) < _amount(text):
            return f'resources.requests: Invalid value: "{text}": must be less than or equal to {name} limit of {limit}'
    return ""


def _leave_out_zeros(container: dict[str, Any]) -> None:
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        for field in [key for key, value in container.get(probe, {}).items() if value == 0]:
            del container[probe][field]
    for variable in container.get("env", []):
        if variable.get("value") == "":
            del variable["value"]


def _amount(text: str) -> Fraction:
    found = _SHAPE.fullmatch(text)
    assert found
    return Fraction(found[1]) * _UNITS[found[2]]


def _short(amount: Fraction, *, binary: bool) -> str:
    for unit in ("Gi", "Mi", "Ki") if binary else ("G", "M", "k"):
        if amount and not amount % _UNITS[unit]:
            return f"{amount // _UNITS[unit]}{unit}"
    return f"{amount}" if amount.denominator == 1 else f"{-(-amount * 1000 // 1)}m"
