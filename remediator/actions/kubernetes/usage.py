"""What pods and nodes use, as metrics.k8s.io measures it.

Source: Kubernetes, "Resource metrics pipeline": PodMetrics have ``containers[].usage``, NodeMetrics
``usage``, each with ``cpu`` and ``memory``. A cluster without a metrics server does not serve the API.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from remediator.actions.kubernetes.api import Api
from remediator.actions.kubernetes.documents import Document, objects, section, text
from remediator.actions.kubernetes.quantities import quantity
from remediator.actions.kubernetes.refusals import AbsentError

GROUP = "metrics.k8s.io"
_PLACE = f"/apis/{GROUP}/v1beta1"
_PAGES = 20


class Usage(Struct, frozen=True):
    """CPU in cores and memory in bytes; None where it was not measured."""

    cpu: float | None
    memory: float | None


class PodUsage(Struct, frozen=True):
    """A pod's usage, and each container's."""

    whole: Usage
    containers: dict[str, Usage]


async def pod_usage(
    api: Api, namespace: str | None, selector: str | None, name: str | None = None
) -> dict[tuple[str, str], PodUsage] | None:
    """Return usage by (namespace, pod); None when the cluster serves no metrics."""
    place = f"{_PLACE}/namespaces/{namespace}/pods" if namespace else f"{_PLACE}/pods"
    items: list[Document] = []
    try:
        if name is not None:
            items = [await api.get(f"{place}/{name}")]
        else:
            query = [("labelSelector", selector)] if selector else []
            async for page in api.pages(place, query, pages=_PAGES):
                items += page.items
    except AbsentError as error:
        if not error.served:
            return None
    return {(text(item, "metadata", "namespace"), text(item, "metadata", "name")): _of_pod(item) for item in items}


async def node_usage(api: Api) -> dict[str, Usage] | None:
    """Return usage by node; None when the cluster serves no metrics."""
    try:
        found = await api.list(f"{_PLACE}/nodes", pages=_PAGES)
    except AbsentError:
        return None
    return {text(item, "metadata", "name"): _usage(item.get("usage")) for item in found.items}


def _of_pod(item: Document) -> PodUsage:
    containers = {text(each, "name"): _usage(each.get("usage")) for each in objects(item, "containers")}
    cpu = [each.cpu for each in containers.values() if each.cpu is not None]
    memory = [each.memory for each in containers.values() if each.memory is not None]
    return PodUsage(Usage(sum(cpu) if cpu else None, sum(memory) if memory else None), containers)


def _usage(found: Any) -> Usage:
    return Usage(quantity(section(found).get("cpu")), quantity(section(found).get("memory")))
