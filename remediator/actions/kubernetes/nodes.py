"""``kubernetes.nodes``: which nodes are ready, cordoned or under pressure, and how much of them is taken."""

from __future__ import annotations

from collections import Counter, defaultdict

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.kubernetes.amounts import requested
from remediator.actions.kubernetes.api import Api, Query, open_api
from remediator.actions.kubernetes.documents import Document, clean, flag, objects, section, text
from remediator.actions.kubernetes.labels import Selector
from remediator.actions.kubernetes.names import ConnectionName, Name
from remediator.actions.kubernetes.pods import is_finished
from remediator.actions.kubernetes.quantities import quantity, share
from remediator.core.action import Action, Outputs, Parameters, Permission

_PAGES = 20
_MOST_TAINTS = 20
_RUNNING = "status.phase!=Failed,status.phase!=Succeeded"  # what kubectl describe node counts


class NodesParameters(Parameters):
    """Which nodes. Without name and selector: all."""

    name: Name | None = Field(None, description="Only the node of this name.")
    selector: Selector | None = Field(None, description="Only nodes with these labels, as kubectl -l takes them.")
    requested: bool = Field(
        True, description="Also sum what pods request on them; reads the pods of all namespaces. Default: yes."
    )
    worst: int = Field(10, ge=0, le=100, description="How many nodes to return; all are counted.")
    connection: ConnectionName = Field("default", description="Name of an entry under connections.kubernetes.")


class NodeState(Outputs):
    """One node as it stands."""

    name: str = Field(description="The node's name.")
    ready: bool = Field(description="Whether its condition Ready is True.")
    reason: str = Field(description="Why it is not, in one word; empty when it is.")
    message: str = Field(description="What goes with the reason; 300 characters at most.")
    cordoned: bool = Field(description="Whether new pods are kept away from it.")
    pressures: tuple[str, ...] = Field(description="Conditions other than Ready that are True, such as DiskPressure.")
    taints: tuple[str, ...] = Field(description="Its taints, key=value:effect; 20 at most.")
    cpu: float | None = Field(description="Cores that pods can have.")
    memory: float | None = Field(description="Bytes of memory that pods can have.")
    pods: float | None = Field(description="Pods that it can run.")
    cpu_requested: float | None = Field(description="Share of its cores that its pods request.")
    memory_requested: float | None = Field(description="Share of its memory that its pods request.")
    pods_running: int | None = Field(description="Pods that are on it and have not ended.")


class NodesOutputs(Outputs):
    """How the nodes are."""

    total: int = Field(description="Nodes that were found.")
    ready: int = Field(description="Those that are ready.")
    not_ready: int = Field(description="Those that are not.")
    cordoned: int = Field(description="Those that new pods are kept away from.")
    under_pressure: int = Field(
        description="Those with a condition such as MemoryPressure, DiskPressure or PIDPressure."
    )
    counts: dict[str, int] = Field(description="Nodes by condition that is True, but for Ready; 50 at most.")
    cpu: float = Field(description="Cores that pods can have on all that are ready and not cordoned.")
    memory: float = Field(description="Bytes of memory that pods can have on these.")
    cpu_requested: float | None = Field(description="Share of these cores that pods on these nodes request.")
    memory_requested: float | None = Field(description="Share of this memory that pods on these nodes request.")
    worst: tuple[NodeState, ...] = Field(
        description="Nodes that are not ready first, then those under pressure, cordoned ones, and the fullest."
    )
    complete: bool = Field(description="False when there are more nodes or pods than are read (10,000).")


class _Taken:
    """What the pods on each node request."""

    def __init__(self) -> None:
        self.cpu: defaultdict[str, float] = defaultdict(float)
        self.memory: defaultdict[str, float] = defaultdict(float)
        self.pods: Counter[str] = Counter()

    def add(self, pod: Document) -> None:
        node = text(pod, "spec", "nodeName", limit=253)
        if node and not is_finished(pod):
            self.pods[node] += 1
            self.cpu[node] += requested(pod, "cpu")
            self.memory[node] += requested(pod, "memory")


async def perform(p: NodesParameters, context: Context) -> NodesOutputs:
    """Read the nodes and, if asked for, all pods that stand on them."""
    api = await open_api(context, p.connection)
    query: list[tuple[str, str]] = [("labelSelector", p.selector)] if p.selector else []
    query += [("fieldSelector", f"metadata.name={p.name}")] if p.name else []
    found = await api.list("/api/v1/nodes", query, pages=_PAGES)
    taken, complete = await _taken(api, p) if p.requested else (None, True)
    states = [_state(node, taken) for node in found.items]
    usable = [state for state in states if state.ready and not state.cordoned]
    counts = Counter(name for state in states for name in state.pressures)
    return NodesOutputs(
        total=len(states),
        ready=sum(state.ready for state in states),
        not_ready=sum(not state.ready for state in states),
        cordoned=sum(state.cordoned for state in states),
        under_pressure=sum(bool(state.pressures) for state in states),
        counts=dict(counts.most_common(50)),
        cpu=sum(state.cpu or 0.0 for state in usable),
        memory=sum(state.memory or 0.0 for state in usable),
        cpu_requested=_whole(usable, "cpu") if taken else None,
        memory_requested=_whole(usable, "memory") if taken else None,
        worst=tuple(sorted(states, key=_badness)[: p.worst]),
        complete=found.complete and complete,
    )


async def _taken(api: Api, p: NodesParameters) -> tuple[_Taken, bool]:
    fields = f"spec.nodeName={p.name},{_RUNNING}" if p.name else _RUNNING
    query: Query = [("fieldSelector", fields)]
    taken, complete = _Taken(), True
    async for page in api.pages("/api/v1/pods", query, pages=_PAGES):
        complete = page.complete
        for pod in page.items:
            taken.add(pod)
    return taken, complete


def _state(node: Document, taken: _Taken | None) -> NodeState:
    name, free = text(node, "metadata", "name", limit=253), section(node, "status", "allocatable")
    conditions = objects(node, "status", "conditions")
    ready: Document = next((item for item in conditions if item.get("type") == "Ready"), {})
    well = ready.get("status") == "True"
    cpu, memory = quantity(free.get("cpu")), quantity(free.get("memory"))
    bad = [clean(item.get("type"), 100) for item in conditions if item.get("status") == "True" and item is not ready]
    return NodeState(
        name=name,
        ready=well,
        reason="" if well else clean(ready.get("reason"), 100) or "unknown",
        message="" if well else clean(ready.get("message"), 300),
        cordoned=flag(node, "spec", "unschedulable"),
        pressures=tuple(sorted(bad)[:_MOST_TAINTS]),
        taints=tuple(_taint(item) for item in objects(node, "spec", "taints")[:_MOST_TAINTS]),
        cpu=cpu,
        memory=memory,
        pods=quantity(free.get("pods")),
        cpu_requested=share(taken.cpu[name], cpu) if taken else None,
        memory_requested=share(taken.memory[name], memory) if taken else None,
        pods_running=taken.pods[name] if taken else None,
    )


def _taint(item: Document) -> str:
    value = clean(item.get("value"), 63)
    return f"{clean(item.get('key'), 253)}{'=' if value else ''}{value}:{clean(item.get('effect'), 30)}"


def _whole(states: list[NodeState], resource: str) -> float | None:
    """Return the share of all these nodes together that is requested."""
    rows = [(getattr(state, resource) or 0.0, getattr(state, f"{resource}_requested") or 0.0) for state in states]
    return share(sum(size * part for size, part in rows), sum(size for size, _ in rows))


def _badness(state: NodeState) -> tuple[bool, bool, bool, float, str]:
    fullness = max(state.cpu_requested or 0.0, state.memory_requested or 0.0)
    return (state.ready, not state.pressures, not state.cordoned, -fullness, state.name)


def _permissions(p: NodesParameters) -> tuple[Permission, ...]:
    return (Permission("list", "nodes"), *((Permission("list", "pods"),) if p.requested else ()))


ACTION = Action(
    name="kubernetes.nodes",
    summary="Tells which nodes are ready, cordoned or under pressure, and how much of them pods request.",
    parameters=NodesParameters,
    outputs=NodesOutputs,
    perform=perform,
    backend=lambda p: f"kubernetes/{p.connection}",
    permissions=_permissions,
)
