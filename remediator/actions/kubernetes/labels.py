"""Label selectors: as the API's query wants them, and judged here where the API has no query for it.

Source: Kubernetes, "Labels and Selectors": ``matchLabels`` and ``matchExpressions`` are ANDed;
NotIn and DoesNotExist hold for an absent key too. An empty selector fits everything.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import StringConstraints

from remediator.actions.kubernetes.documents import Document, clean, objects, section, text

Selector = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=1000, pattern=r"^[-A-Za-z0-9_./=!,() ]*[A-Za-z0-9_)=][-A-Za-z0-9_./=!,() ]*$"
    ),
]
"""A label selector as ``kubectl -l`` takes it: ``app=web,tier in (a,b),!canary``."""

_SHOWN = 300


def fits(selector: Document, labels: Document) -> bool:
    """Whether labels fit a LabelSelector. An operator that is not known fits nothing."""
    wanted = section(selector, "matchLabels")
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_fits(expression, labels) for expression in objects(selector, "matchExpressions"))


def _fits(expression: Document, labels: Document) -> bool:
    key, operator = text(expression, "key"), text(expression, "operator")
    values = expression.get("values")
    listed = values if isinstance(values, list) else []
    match operator:
        case "In":
            return key in labels and labels[key] in listed
        case "NotIn":
            return key not in labels or labels[key] not in listed
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False


def show_selector(selector: Any) -> str:
    """Return a LabelSelector in a few words for people: ``app=web, tier In a|b``; ``all`` when it is empty."""
    parts = [f"{clean(key, 100)}={clean(value, 63)}" for key, value in section(selector, "matchLabels").items()]
    for item in objects(selector, "matchExpressions"):
        values = item.get("values")
        listed = [clean(value, 63) for value in values[:10]] if isinstance(values, list) else []
        parts.append(f"{text(item, 'key', limit=100)} {text(item, 'operator', limit=20)} {'|'.join(listed)}".strip())
    return clean(", ".join(parts), _SHOWN) or "all"
