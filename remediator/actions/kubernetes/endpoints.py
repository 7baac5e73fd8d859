"""``kubernetes.endpoints``: whether a Service has anybody to send to, and if not, why.

Source: Kubernetes, "EndpointSlices": slices of a Service bear the label
``kubernetes.io/service-name``; an endpoint whose ``ready`` is absent is to be taken as ready. A port
whose ``targetPort`` is a name that no container of a pod has is left out of that pod's slice.
"""

from __future__ import annotations

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import Api, open_api
from remediator.actions.kubernetes.documents import Document, clean, number, objects, section, text
from remediator.actions.kubernetes.names import ConnectionName, Label
from remediator.actions.kubernetes.pods import NotReady, is_finished, is_ready, not_ready
from remediator.actions.kubernetes.reasons import Why, explain
from remediator.core.action import Action, CheckOutputs, Outputs, Parameters, Permission

_MOST_PORTS = 50


class EndpointsParameters(Parameters):
    """Which Service."""

    name: Label = Field(description="The Service's name.")
    namespace: Label = Field(description="Its namespace.")
    connection: ConnectionName = Field("default", description="Name of an entry under connections.kubernetes.")
    at_least: int = Field(1, ge=1, le=10_000, description="Ready endpoints that each of its ports must have.")
    worst: int = Field(10, ge=0, le=100, description="How many pods that are not ready to return.")


class Port(Outputs):
    """One port of the Service."""

    name: str = Field(description="Its name; empty when it has none.")
    port: int = Field(description="Its number.")
    target: str = Field(description="The pods' port that it leads to, by number or name.")
    ready: int = Field(description="Ready endpoints that have this port.")


class EndpointsOutputs(CheckOutputs):
    """Who is behind the Service."""

    holds: bool = Field(description="Whether each of its ports has at least at_least ready endpoints.")
    reason: str = Field("", description="Why not, in a sentence that names both sides.")
    ready: int = Field(description="Endpoints that are ready.")
    not_ready: int = Field(description="Endpoints that are not.")
    why: Why = Field(description="What is wrong, in one word for conditions; none when nothing is.")
    ports: tuple[Port, ...] = Field(description="Its ports; 50 at most.")
    selector: dict[str, str] = Field(description="Labels by which it chooses pods; 50 at most.")
    pods: int = Field(description="Pods that these labels fit and that have not ended.")
    pods_ready: int = Field(description="Those of them that are ready.")
    waiting: tuple[NotReady, ...] = Field(description="Pods that are not ready, as many as worst says.")
    type: str = Field(description="ClusterIP, NodePort, LoadBalancer or ExternalName.")
    complete: bool = Field(description="False when there are more endpoints or pods than are read.")


async def perform(p: EndpointsParameters, context: Context) -> EndpointsOutputs:
    """Read the Service, its EndpointSlices and the pods that it chooses."""
    api = await open_api(context, p.connection)
    service = await api.get(f"/api/v1/namespaces/{p.namespace}/services/{p.name}")
    place = f"/apis/discovery.k8s.io/v1/namespaces/{p.namespace}/endpointslices"
    slices = await api.list(place, [("labelSelector", f"kubernetes.io/service-name={p.name}")])
    pods, all_pods = await _pods(api, p, service)
    ready = {_address(slice_, item) for slice_ in slices.items for item in objects(slice_, "endpoints") if _ready(item)}
    others = {_address(slice_, item) for slice_ in slices.items for item in objects(slice_, "endpoints")} - ready
    ports = tuple(_port(item, slices.items) for item in objects(service, "spec", "ports")[:_MOST_PORTS])
    enough = min((port.ready for port in ports), default=len(ready)) >= p.at_least
    waiting = [not_ready(pod) for pod in pods if not is_ready(pod)]
    why, sentence = (None, "") if enough else explain(service, pods, len(ready))
    return EndpointsOutputs(
        holds=enough,
        reason=f"service {p.namespace}/{p.name}: {sentence or f'{len(ready)} endpoints are ready'}",
        ready=len(ready),
        not_ready=len(others),
        why=why,
        ports=ports,
        selector={clean(key, 317): clean(value, 63) for key, value in _selector(service)[:_MOST_PORTS]},
        pods=len(pods),
        pods_ready=len(pods) - len(waiting),
        waiting=tuple(sorted(waiting, key=lambda pod: (-pod.restarts, pod.name))[: p.worst]),
        type=text(service, "spec", "type", limit=30) or "ClusterIP",
        complete=slices.complete and all_pods,
    )


async def _pods(api: Api, p: EndpointsParameters, service: Document) -> tuple[list[Document], bool]:
    """Return the pods that the Service chooses, and whether that is all of them."""
    chosen = ",".join(f"{key}={value}" for key, value in _selector(service))
    if not chosen:
        return [], True  # an empty selector chooses nothing, not everything
    found = await api.list(f"/api/v1/namespaces/{p.namespace}/pods", [("labelSelector", chosen)])
    return [pod for pod in found.items if not is_finished(pod)], found.complete


def _selector(service: Document) -> list[tuple[str, str]]:
    return [(key, value) for key, value in section(service, "spec", "selector").items() if isinstance(value, str)]


def _ready(endpoint: Document) -> bool:
    return section(endpoint, "conditions").get("ready") is not False


def _address(slice_: Document, endpoint: Document) -> str:
    """Return what tells endpoints apart: a pod may stand in several slices (two address families, other ports)."""
    target = section(endpoint, "targetRef")
    if text(target, "name"):
        return f"{text(target, 'kind')}/{text(target, 'name')}"
    addresses = endpoint.get("addresses")
    first = addresses[0] if isinstance(addresses, list) and addresses else ""
    return first if isinstance(first, str) and first else f"{text(slice_, 'metadata', 'name')}/{id(endpoint)}"


def _port(port: Document, slices: list[Document]) -> Port:
    name = text(port, "name", limit=63)
    ready = {
        _address(slice_, item)
        for slice_ in slices
        if any(text(each, "name") == name for each in objects(slice_, "ports"))
        for item in objects(slice_, "endpoints")
        if _ready(item)
    }
    target = port.get("targetPort", port.get("port"))
    shown = target if isinstance(target, (int, str)) else ""
    return Port(name=name, port=number(port, "port"), target=clean(str(shown), 63), ready=len(ready))


ACTION = Action(
    name="kubernetes.endpoints",
    summary="Tells whether a Service has ready endpoints, and if not, why: labels, port names or pods.",
    parameters=EndpointsParameters,
    outputs=EndpointsOutputs,
    perform=perform,
    backend=lambda p: f"kubernetes/{p.connection}",
    permissions=lambda p: (
        Permission("get", "services", p.namespace),
        Permission("list", "endpointslices", p.namespace, "discovery.k8s.io"),
        Permission("list", "pods", p.namespace),
    ),
)
