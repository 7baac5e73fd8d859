"""Workloads: how they are named, where they stand in the API, and reading what belongs to them."""

from __future__ import annotations

from msgspec import Struct
from pydantic import Field

from remediator.actions.kubernetes.api import Api, Listing
from remediator.actions.kubernetes.documents import Document, number, objects, section, text
from remediator.actions.kubernetes.names import ConnectionName, Kind, Label, Name
from remediator.core.action import Parameters, Permission
from remediator.errors import PermanentError

PLURALS = {"deployment": "deployments", "statefulset": "statefulsets", "daemonset": "daemonsets"}


class WorkloadParameters(Parameters):
    """Names one workload."""

    kind: Kind = Field(description="The workload's kind.")
    name: Name = Field(description="The workload's name.")
    namespace: Label = Field(description="Its namespace.")
    connection: ConnectionName = Field("default", description="Name of an entry under connections.kubernetes.")


class Owned(Struct, frozen=True):
    """What a workload's controller made: its ReplicaSets (deployments only) and its pods."""

    replica_sets: list[Document]
    pods: list[Document]
    complete: bool  #: false when there were more pods than we read


def backend(p: WorkloadParameters) -> str:
    """Return the unit of step limits and breakers."""
    return f"kubernetes/{p.connection}"


def targets(p: WorkloadParameters) -> tuple[str, ...]:
    """Return what a change of this workload touches."""
    return (f"kubernetes/{p.connection}/{p.namespace}/{p.kind}/{p.name}",)


def title(p: WorkloadParameters) -> str:
    """Return how a workload is called in a diff and in errors."""
    return f"{p.kind} {p.namespace}/{p.name}"


def path(p: WorkloadParameters, subresource: str = "") -> str:
    """Return the workload's place in the API. Its names were validated, so they need no escaping."""
    place = f"/apis/apps/v1/namespaces/{p.namespace}/{PLURALS[p.kind]}/{p.name}"
    return f"{place}/{subresource}" if subresource else place


def right(p: WorkloadParameters, verb: str, subresource: str = "") -> Permission:
    """Return a right on this kind of workload."""
    resource = f"{PLURALS[p.kind]}/{subresource}" if subresource else PLURALS[p.kind]
    return Permission(verb, resource, p.namespace, "apps")


def replicas_of(workload: Document) -> int:
    """Return how many pods are asked for; the API's default is 1. A daemonset asks for one a node."""
    if workload.get("kind") == "DaemonSet":
        return number(workload, "status", "desiredNumberScheduled")
    return number(workload, "spec", "replicas", default=1)


def strategy_of(workload: Document) -> str:
    """Return the type of the update strategy: ``RollingUpdate``, ``Recreate`` or ``OnDelete``."""
    spec = section(workload, "spec")
    return text(spec, "strategy", "type") or text(spec, "updateStrategy", "type") or "RollingUpdate"


async def read_workload(api: Api, p: WorkloadParameters) -> Document:
    """Return the workload as the API has it."""
    return await api.get(path(p))


async def read_owned(api: Api, p: WorkloadParameters, workload: Document) -> Owned:
    """Return the ReplicaSets and pods that this workload controls; others with fitting labels are left out."""
    query = [("labelSelector", selector(workload))]
    uid = text(workload, "metadata", "uid")
    sets: list[Document] = []
    if p.kind == "deployment":
        found = await api.list(f"/apis/apps/v1/namespaces/{p.namespace}/replicasets", query)
        sets = [item for item in found.items if controller_of(item) == uid]
    owners = {text(item, "metadata", "uid") for item in sets} if p.kind == "deployment" else {uid}
    pods = await api.list(f"/api/v1/namespaces/{p.namespace}/pods", query)
    return Owned(sets, [pod for pod in pods.items if controller_of(pod) in owners], pods.complete)


async def autoscaler_of(api: Api, p: WorkloadParameters) -> str | None:
    """Return the name of the HorizontalPodAutoscaler that targets this workload, or None; see ``read_autoscaler``."""
    found = await read_autoscaler(api, p)
    return None if found is None else text(found, "metadata", "name")


async def read_autoscaler(api: Api, p: WorkloadParameters) -> Document | None:
    """Return the HorizontalPodAutoscaler that targets this workload, or None.

    Raise PermanentError when the namespace has more of them than can be looked through: not finding
    one would then prove nothing.
    """
    place = f"/apis/autoscaling/v2/namespaces/{p.namespace}/horizontalpodautoscalers"
    found: Listing = await api.list(place, pages=20)
    for item in found.items:
        target = section(item, "spec", "scaleTargetRef")
        # Whatever its API version says: an old one may still be served.
        if text(target, "kind").lower() == p.kind and text(target, "name") == p.name:
            return item
    if not found.complete:
        raise PermanentError(f"namespace {p.namespace} has too many autoscalers to tell whether one targets {p.name}")
    return None


def selector(workload: Document) -> str:
    """Return the workload's label selector as the API's query wants it.

    Raise PermanentError when it is empty: an empty selector would mean every pod of the namespace.
    """
    asked = section(workload, "spec", "selector")
    parts = [f"{key}={value}" for key, value in section(asked, "matchLabels").items() if isinstance(value, str)]
    for expression in objects(asked, "matchExpressions"):
        key, operator = text(expression, "key"), text(expression, "operator")
        values = ",".join(value for value in expression.get("values") or () if isinstance(value, str))
        forms = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}
        forms["DoesNotExist"] = f"!{key}"
        if operator not in forms:
            raise PermanentError(f'the workload\'s selector has the unknown operator "{operator}"')
        parts.append(forms[operator])
    if not parts:
        raise PermanentError("the workload has no label selector, so its pods cannot be told from others")
    return ",".join(parts)


def controller_of(item: Document) -> str:
    """Return the uid of the object that controls this one; "-" when none does."""
    owners = objects(item, "metadata", "ownerReferences")
    return next((text(owner, "uid") for owner in owners if owner.get("controller") is True), "-")
