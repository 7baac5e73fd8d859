"""Which pods ``kubernetes.delete_pod`` is about: one by name, those with labels, or the worst of a workload."""

from __future__ import annotations

from collections.abc import Mapping

from remediator.actions.kubernetes.api import Api
from remediator.actions.kubernetes.documents import Document, text
from remediator.actions.kubernetes.evictions import controller, is_leaving, is_mirror
from remediator.actions.kubernetes.pods import is_finished, restarts
from remediator.actions.kubernetes.selection import labels_query
from remediator.actions.kubernetes.usage import GROUP as METRICS
from remediator.actions.kubernetes.usage import pod_usage
from remediator.actions.kubernetes.workloads import WorkloadParameters, read_owned, read_workload, selector
from remediator.core.action import Permission
from remediator.errors import PermanentError


async def pods_with(api: Api, namespace: str, labels: Mapping[str, str]) -> list[Document]:
    """Return the running pods of a namespace with these labels; PermanentError when there are too many to read."""
    found = await api.list(f"/api/v1/namespaces/{namespace}/pods", labels_query(labels))
    if not found.complete:
        raise PermanentError(f"namespace {namespace} has too many pods with these labels")
    return _there(found.items)


async def pods_of(api: Api, p: WorkloadParameters) -> list[Document]:
    """Return the running pods of a workload; PermanentError when there are too many to read."""
    owned = await read_owned(api, p, await read_workload(api, p))
    if not owned.complete:
        raise PermanentError(f"{p.kind} {p.namespace}/{p.name} has too many pods to tell which is the worst")
    return _there(owned.pods)


async def worst_first(
    api: Api, namespace: str, pods: list[Document], by: str, query: list[tuple[str, str]]
) -> list[Document]:
    """Return the pods that have restarted, or use memory at all, the worst first; among equals the older first.

    Raise PermanentError when memory is asked for and the cluster has no metrics API.
    """
    used = await _memory(api, namespace, query) if by == "memory" else {}
    value = (lambda pod: used.get(text(pod, "metadata", "name"), 0.0)) if by == "memory" else restarts
    marked = [pod for pod in pods if value(pod) > 0]
    return sorted(
        marked,
        key=lambda pod: (-value(pod), text(pod, "metadata", "creationTimestamp"), text(pod, "metadata", "name")),
    )


async def selector_of(api: Api, p: WorkloadParameters) -> list[tuple[str, str]]:
    """Return the query that asks for a workload's pods."""
    return [("labelSelector", selector(await read_workload(api, p)))]


def refuse_lone(pods: list[Document]) -> None:
    """Raise PermanentError for pods that nobody would replace, and for those a kubelet runs from a file."""
    for pod in pods:
        title = f"pod {text(pod, 'metadata', 'namespace')}/{text(pod, 'metadata', 'name')}"
        if is_mirror(pod):
            raise PermanentError(f"{title} is run by its kubelet from a file; it cannot be deleted here")
        if not controller(pod):
            raise PermanentError(f"{title} has no controller that would replace it; allow that by unmanaged: true")


def metrics_right(namespace: str) -> Permission:
    """Return what reading the pods' memory takes."""
    return Permission("list", "pods", namespace, METRICS)


def _there(pods: list[Document]) -> list[Document]:
    return [pod for pod in pods if not is_leaving(pod) and not is_finished(pod)]


async def _memory(api: Api, namespace: str, query: list[tuple[str, str]]) -> dict[str, float]:
    """Return the bytes that each pod's containers use together, by the pod's name."""
    found = await pod_usage(api, namespace, dict(query)["labelSelector"])
    if found is None:
        raise PermanentError("this cluster serves no metrics, so the pods' memory is not known")
    return {name: usage.whole.memory or 0.0 for (_, name), usage in found.items()}
