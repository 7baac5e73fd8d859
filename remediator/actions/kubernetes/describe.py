"""``kubernetes.describe_workload``: what an on-call engineer looks at first."""

from __future__ import annotations

from datetime import UTC, datetime

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import open_api
from remediator.actions.kubernetes.completion import condition, partition_of
from remediator.actions.kubernetes.documents import Document, clean, flag, number, objects, section, text
from remediator.actions.kubernetes.keepers import managed_by, owner_of
from remediator.actions.kubernetes.pods import NotReady, is_finished, is_ready, not_ready, restarts
from remediator.actions.kubernetes.workloads import (
    Owned,
    WorkloadParameters,
    autoscaler_of,
    backend,
    read_owned,
    read_workload,
    replicas_of,
    right,
    strategy_of,
)
from remediator.core.action import Action, Outputs, Permission
from remediator.core.durations import SECOND

_MOST_PODS = 20
_MOST_IMAGES = 20
_MOST_CONDITIONS = 10
_REVISION = "deployment.kubernetes.io/revision"
_REVISION_HISTORY = "deployment.kubernetes.io/revision-history"


class Condition(Outputs):
    """One of the workload's conditions."""

    type: str
    status: str  #: ``True``, ``False`` or ``Unknown``
    reason: str
    message: str


class DescribeOutputs(Outputs):
    """A workload as it stands."""

    replicas: int  #: asked for; for a daemonset, nodes that should run it
    ready: int
    updated: int  #: made from the newest pod template
    available: int
    unavailable: int  #: asked for and not available
    generation: int
    observed_generation: int
    rolling_out: bool  #: a change of the pod template or the count is not complete; crashing pods alone are none
    paused: bool
    revision: str | None  #: a deployment's number, a statefulset's revision name, a daemonset's template generation
    images: tuple[str, ...]
    conditions: tuple[Condition, ...]
    #: When the newest revision's ReplicaSet was made, RFC 3339. None when that is not when its rollout
    #: began (a rollback takes an old ReplicaSet), and for other kinds than deployments.
    started_at: str | None
    started_ago: float | None  #: seconds since then
    hpa: str | None  #: the HorizontalPodAutoscaler that targets it
    managed_by: str | None  #: ``operator``, ``ArgoCD``, ``Flux``, ``Helm``, or what its label says
    owner: str | None  #: the object that controls it, ``Kind/name``
    restarts: int  #: of all containers of all its pods
    not_ready: tuple[NotReady, ...]  #: at most 20, those that restarted most first
    not_ready_total: int
    pods_complete: bool  #: false when there were more pods than we read; the sums then are too small


async def perform(p: WorkloadParameters, context: Context) -> DescribeOutputs:
    """Read the workload, its ReplicaSets and pods, and the namespace's autoscalers."""
    api = await open_api(context, p.connection)
    workload = await read_workload(api, p)
    owned = await read_owned(api, p, workload)
    hpa = await autoscaler_of(api, p)
    waiting = [not_ready(pod) for pod in owned.pods if not is_ready(pod) and not is_finished(pod)]
    waiting.sort(key=lambda pod: (-pod.restarts, pod.name))
    started_at = _started_at(workload, owned)
    daemon = p.kind == "daemonset"
    wanted = replicas_of(workload)
    available = number(workload, "status", "numberAvailable" if daemon else "availableReplicas")
    return DescribeOutputs(
        replicas=wanted,
        ready=number(workload, "status", "numberReady" if daemon else "readyReplicas"),
        updated=number(workload, "status", "updatedNumberScheduled" if daemon else "updatedReplicas"),
        available=available,
        unavailable=max(wanted - available, 0),
        generation=number(workload, "metadata", "generation"),
        observed_generation=number(workload, "status", "observedGeneration"),
        rolling_out=_rolling_out(workload),
        paused=flag(workload, "spec", "paused"),
        revision=_revision(workload),
        images=_images(workload),
        conditions=_conditions(workload),
        started_at=started_at,
        started_ago=_ago(started_at, context.now),
        hpa=hpa,
        managed_by=managed_by(workload),
        owner=owner_of(workload),
        restarts=sum(restarts(pod) for pod in owned.pods),
        not_ready=tuple(waiting[:_MOST_PODS]),
        not_ready_total=len(waiting),
        pods_complete=owned.complete,
    )


def _rolling_out(workload: Document) -> bool:
    status = section(workload, "status")
    if number(workload, "metadata", "generation") > number(status, "observedGeneration"):
        return True
    kind, wanted = workload.get("kind"), replicas_of(workload)
    if kind == "Deployment":
        # Once a rollout is complete the controller keeps this reason, even when pods fail later.
        under_way = text(condition(workload, "Progressing"), "reason") not in {"", "NewReplicaSetAvailable"}
        updated = number(status, "updatedReplicas")
        return under_way or updated < wanted or number(status, "replicas") > updated
    if strategy_of(workload) == "OnDelete":
        return False  # nothing moves by itself
    if kind == "StatefulSet":
        due = max(wanted - partition_of(workload), 0)
        moving = text(status, "updateRevision") != text(status, "currentRevision")
        return (moving and number(status, "updatedReplicas") < due) or number(status, "replicas") != wanted
    return number(status, "updatedNumberScheduled") < wanted


def _revision(workload: Document) -> str | None:
    found = text(workload, "metadata", "annotations", _REVISION) or text(workload, "status", "updateRevision")
    old_name = "deprecated.daemonset.template.generation"  # the API server still writes it
    return found or text(workload, "metadata", "annotations", old_name) or None


def _started_at(workload: Document, owned: Owned) -> str | None:
    revision = text(workload, "metadata", "annotations", _REVISION)
    for item in owned.replica_sets:
        annotations = section(item, "metadata", "annotations")
        if revision and annotations.get(_REVISION) == revision and not annotations.get(_REVISION_HISTORY):
            return text(item, "metadata", "creationTimestamp", limit=40) or None
    return None


def _ago(stamp: str | None, now: int) -> float | None:
    try:
        then = datetime.fromisoformat(stamp or "")
    except ValueError:
        return None
    if then.tzinfo is None:
        return None
    return round((datetime.fromtimestamp(now / SECOND, tz=UTC) - then).total_seconds(), 3)


def _images(workload: Document) -> tuple[str, ...]:
    containers = objects(workload, "spec", "template", "spec", "containers")[:_MOST_IMAGES]
    return tuple(clean(item.get("image"), 300) for item in containers)


def _conditions(workload: Document) -> tuple[Condition, ...]:
    return tuple(
        Condition(
            type=text(item, "type", limit=100),
            status=text(item, "status", limit=20),
            reason=text(item, "reason", limit=100),
            message=clean(item.get("message"), 300),
        )
        for item in objects(workload, "status", "conditions")[:_MOST_CONDITIONS]
    )


def _permissions(p: WorkloadParameters) -> tuple[Permission, ...]:
    sets = (Permission("list", "replicasets", p.namespace, "apps"),) if p.kind == "deployment" else ()
    autoscalers = Permission("list", "horizontalpodautoscalers", p.namespace, "autoscaling")
    return (right(p, "get"), *sets, Permission("list", "pods", p.namespace), autoscalers)


ACTION = Action(
    name="kubernetes.describe_workload",
    summary="Tell a workload's counts, rollout, images, autoscaler, keeper, restarts and pods that are not ready.",
    parameters=WorkloadParameters,
    outputs=DescribeOutputs,
    perform=perform,
    backend=backend,
    permissions=_permissions,
)
