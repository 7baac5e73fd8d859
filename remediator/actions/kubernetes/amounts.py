"""What pods ask for and may use: requests and limits of CPU (cores) and memory (bytes)."""

from __future__ import annotations

from remediator.actions.kubernetes.documents import Document, objects, section, text
from remediator.actions.kubernetes.quantities import quantity


def of_containers(pod: Document, what: str, resource: str) -> dict[str, float]:
    """Return each container's ``requests`` or ``limits`` (``what``) of ``cpu`` or ``memory``; absent ones left out."""
    named = {text(item, "name"): section(item, "resources", what) for item in objects(pod, "spec", "containers")}
    found = {name: quantity(asked.get(resource)) for name, asked in named.items()}
    return {name: value for name, value in found.items() if value is not None}


def limit(pod: Document, resource: str) -> float | None:
    """Return the pod's limit; None when one of its containers has none, so that nothing limits the pod."""
    limits = of_containers(pod, "limits", resource)
    return sum(limits.values()) if limits and len(limits) == len(objects(pod, "spec", "containers")) else None


def requested(pod: Document, resource: str) -> float:
    """Return what a node must have free for the pod.

    Source: Kubernetes, "Init Containers", "Resource sharing within containers": the sum of the
    containers (with init containers that go on running), or the largest init container, plus the overhead.
    """
    steady = sum(of_containers(pod, "requests", resource).values())
    largest = 0.0
    for item in objects(pod, "spec", "initContainers"):
        asked = quantity(section(item, "resources", "requests").get(resource)) or 0.0
        if item.get("restartPolicy") == "Always":
            steady += asked
        else:
            largest = max(largest, asked)
    return max(steady, largest) + (quantity(section(pod, "spec", "overhead").get(resource)) or 0.0)
