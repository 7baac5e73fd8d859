"""``kubernetes.top``: what pods and their nodes use, and how much of their limits that is."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.kubernetes.amounts import limit, of_containers
from remediator.actions.kubernetes.api import Api, open_api
from remediator.actions.kubernetes.chosen import ChosenParameters, chosen_pods, pod_rights
from remediator.actions.kubernetes.documents import Document, section, text
from remediator.actions.kubernetes.pods import is_finished
from remediator.actions.kubernetes.quantities import quantity, share
from remediator.actions.kubernetes.usage import GROUP, PodUsage, Usage, node_usage, pod_usage
from remediator.core.action import Action, Outputs, Permission

_ABSENT = "this cluster serves no metrics API (metrics.k8s.io): no metrics server is installed"


class TopParameters(ChosenParameters):
    """Whose usage."""

    nodes: bool = Field(False, description="Also the nodes that these pods run on.")
    most: int = Field(10, ge=0, le=100, description="How many pods and nodes to return, those nearest their limits.")


class PodTop(Outputs):
    """What one pod uses."""

    name: str = Field(description="The pod's name.")
    namespace: str = Field(description="Its namespace.")
    cpu: float | None = Field(description="Cores in use.")
    memory: float | None = Field(description="Bytes in use.")
    cpu_of_limit: float | None = Field(
        description="Share of the limit, 1 is all of it; of the container nearest to its own. None without limits."
    )
    memory_of_limit: float | None = Field(description="The same for memory; at 1 a container is killed.")
    node: str = Field(description="The node that it runs on.")


class NodeTop(Outputs):
    """What one node uses."""

    name: str = Field(description="The node's name.")
    cpu: float | None = Field(description="Cores in use.")
    memory: float | None = Field(description="Bytes in use.")
    cpu_share: float | None = Field(description="Share of the cores that pods can have.")
    memory_share: float | None = Field(description="Share of the memory that pods can have.")


class TopOutputs(Outputs):
    """Usage, summed and by pod. Without a metrics API all but reason is empty."""

    available: bool = Field(description="Whether the cluster serves the metrics API.")
    reason: str = Field(description="Why there are no numbers, in a sentence; empty when there are.")
    pods: int = Field(description="Pods that run.")
    measured: int = Field(description="Those of them with measurements; new ones have none for a minute or so.")
    cpu: float | None = Field(description="Cores in use, all of them together.")
    memory: float | None = Field(description="Bytes in use, all of them together.")
    cpu_of_limits: float | None = Field(description="Share of the limits of those that have one.")
    memory_of_limits: float | None = Field(description="The same for memory.")
    highest_cpu_of_limit: float | None = Field(description="The highest share of a container's own limit.")
    highest_memory_of_limit: float | None = Field(description="The same for memory.")
    top: tuple[PodTop, ...] = Field(
        description="The pods nearest their memory limits, then CPU limits, then the largest."
    )
    nodes: tuple[NodeTop, ...] = Field(description="The nodes they run on, the fullest first; with nodes: true.")
    complete: bool = Field(description="False when there are more pods than are read.")


async def perform(p: TopParameters, context: Context) -> TopOutputs:
    """Read the pods, then their measurements. That there is no metrics API is a finding, not an error."""
    api = await open_api(context, p.connection)
    pods: list[Document] = []
    complete = True
    async for batch in chosen_pods(api, p):
        pods += [_needed(pod) for pod in batch.pods if not is_finished(pod)]
        complete = batch.complete
    usage = await pod_usage(api, p.namespace, p.selector, p.name if p.kind == "pod" else None)
    measured = [(pod, found) for pod in pods if (found := (usage or {}).get(_key(pod))) is not None]
    rows = [_row(pod, found) for pod, found in measured]
    where = {row.node for row in rows}
    return TopOutputs(
        available=usage is not None,
        reason=_ABSENT if usage is None else "",
        pods=len(pods),
        measured=len(rows),
        cpu=_sum(row.cpu for row in rows),
        memory=_sum(row.memory for row in rows),
        cpu_of_limits=_of_limits(measured, "cpu"),
        memory_of_limits=_of_limits(measured, "memory"),
        highest_cpu_of_limit=_highest(row.cpu_of_limit for row in rows),
        highest_memory_of_limit=_highest(row.memory_of_limit for row in rows),
        top=tuple(sorted(rows, key=_fullness)[: p.most]),
        nodes=tuple((await _nodes(api, where))[: p.most]) if p.nodes and usage is not None else (),
        complete=complete,
    )


def _key(pod: Document) -> tuple[str, str]:
    return text(pod, "metadata", "namespace"), text(pod, "metadata", "name")


def _needed(pod: Document) -> Document:
    """Return the part of a pod that is looked at; of thousands, the rest need not be held."""
    spec = section(pod, "spec")
    meta = {name: text(pod, "metadata", name, limit=253) for name in ("name", "namespace")}
    return {"metadata": meta, "spec": {key: spec[key] for key in ("containers", "nodeName") if key in spec}}


def _row(pod: Document, usage: PodUsage) -> PodTop:
    shares = {
        resource: _highest(share(getattr(each, resource), limits.get(name)) for name, each in usage.containers.items())
        for resource in ("cpu", "memory")
        if (limits := of_containers(pod, "limits", resource))
    }
    namespace, name = _key(pod)
    return PodTop(
        name=name,
        namespace=namespace,
        cpu=usage.whole.cpu,
        memory=usage.whole.memory,
        cpu_of_limit=shares.get("cpu"),
        memory_of_limit=shares.get("memory"),
        node=text(pod, "spec", "nodeName", limit=253),
    )


def _of_limits(measured: list[tuple[Document, PodUsage]], resource: str) -> float | None:
    """Return the share of the limits of those pods that have one."""
    used = limits = 0.0
    for pod, usage in measured:
        most, amount = limit(pod, resource), getattr(usage.whole, resource)
        if most is not None and amount is not None:
            used, limits = used + amount, limits + most
    return share(used, limits)


async def _nodes(api: Api, names: set[str]) -> list[NodeTop]:
    usage = await node_usage(api) or {}
    nodes = await api.list("/api/v1/nodes", pages=20)
    rows = [_node(node, usage) for node in nodes.items if text(node, "metadata", "name") in names]
    return sorted(rows, key=lambda row: -max(row.cpu_share or 0, row.memory_share or 0))


def _node(node: Document, usage: dict[str, Usage]) -> NodeTop:
    name, free = text(node, "metadata", "name", limit=253), section(node, "status", "allocatable")
    used = usage.get(name, Usage(None, None))
    return NodeTop(
        name=name,
        cpu=used.cpu,
        memory=used.memory,
        cpu_share=share(used.cpu, quantity(free.get("cpu"))),
        memory_share=share(used.memory, quantity(free.get("memory"))),
    )


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known), 6) if known else None


def _highest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _fullness(row: PodTop) -> tuple[float, float, float, str]:
    return (-(row.memory_of_limit or 0), -(row.cpu_of_limit or 0), -(row.memory or 0), row.name)


def _permissions(p: TopParameters) -> tuple[Permission, ...]:
    verb = "get" if p.kind == "pod" else "list"
    measured = Permission(verb, "pods", p.namespace or "", GROUP)
    nodes = (Permission("list", "nodes"), Permission("list", "nodes", "", GROUP)) if p.nodes else ()
    return (*pod_rights(p), measured, *nodes)


ACTION = Action(
    name="kubernetes.top",
    summary="Tells what pods and their nodes use, and how near they are to their limits.",
    parameters=TopParameters,
    outputs=TopOutputs,
    perform=perform,
    backend=lambda p: f"kubernetes/{p.connection}",
    permissions=_permissions,
)
