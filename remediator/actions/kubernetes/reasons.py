"""Why nobody is behind a Service: one word for conditions, one sentence that names both sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from remediator.actions.kubernetes.documents import Document, clean, objects, section, text
from remediator.actions.kubernetes.pods import is_ready, not_ready

Why = (
    Literal[
        "external_name", "no_selector", "no_pods_match", "port_name_mismatch", "pods_not_ready", "too_few", "not_listed"
    ]
    | None
)

_SHOWN = 200


def explain(service: Document, pods: Sequence[Document], ready: int) -> tuple[Why, str]:
    """Return why a Service has too few endpoints. ``pods``: those that its selector fits and that have not ended."""
    if text(service, "spec", "type") == "ExternalName":
        return "external_name", f"it is only a name for {text(service, 'spec', 'externalName', limit=253)}"
    wanted = section(service, "spec", "selector")
    labels = clean(", ".join(f"{key}={value}" for key, value in list(wanted.items())[:10]), _SHOWN)
    if not wanted:
        return "no_selector", "it has no selector; somebody else must write its endpoints, and there are too few"
    if not pods:
        return "no_pods_match", f"it selects pods with {labels}, and no pod of the namespace has these labels"
    missing = _missing_port(service, pods)
    if missing:
        return "port_name_mismatch", missing
    return _of_pods(pods, labels, ready)


def _of_pods(pods: Sequence[Document], labels: str, ready: int) -> tuple[Why, str]:
    waiting = [not_ready(pod) for pod in pods if not is_ready(pod)]
    first = f"({waiting[0].name}: {waiting[0].reason})" if waiting else ""
    if len(waiting) == len(pods):
        return "pods_not_ready", f"none of the {len(pods)} pods with {labels} is ready {first}"
    if waiting:
        return "too_few", f"only {len(pods) - len(waiting)} of {len(pods)} pods with {labels} are ready {first}"
    if ready < len(pods):
        return "not_listed", f"{len(pods)} pods with {labels} are ready, but its EndpointSlices list {ready}"
    return "too_few", f"there are {len(pods)} pods with {labels}, all of them ready"


def _missing_port(service: Document, pods: Sequence[Document]) -> str:
    """Say which port name of the Service no container of any pod has; empty when there is none such."""
    there = {
        text(port, "name", limit=63)
        for pod in pods
        for kind in ("containers", "initContainers")
        for container in objects(pod, "spec", kind)
        for port in objects(container, "ports")
    }
    for port in objects(service, "spec", "ports"):
        target = port.get("targetPort")
        if isinstance(target, str) and target and not target.isdigit() and target not in there:
            names = clean(", ".join(sorted(filter(None, there))), _SHOWN) or "no named port"
            return f"its port leads to the pods' port \"{clean(target, 63)}\"; the pods' containers have: {names}"
    return ""
