"""``kubernetes.describe_workload``: what an on-call engineer looks at first."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import Field

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

    type: str = Field(description="Its name, such as Available or Progressing.")
    status: str = Field(description="True, False or Unknown.")
    reason: str = Field(description="Why, in one word of the controller's.")
    message: str = Field(description="Why, in a sentence; 300 characters at most.")


class DescribeOutputs(Outputs):
    """A workload as it stands."""

    replicas: int = Field(description="Pods asked for; of a daemonset, nodes that should run it.")
    ready: int = Field(description="Pods that are ready.")
    updated: int = Field(description="Pods made from the newest pod template.")
    available: int = Field(description="Pods that have been ready for long enough.")
    unavailable: int = Field(description="Pods asked for and not available.")
    generation: int = Field(description="Number of the newest specification.")
    observed_generation: int = Field(description="Number of the specification that its controller has seen.")
    rolling_out: bool = Field(
        description="Whether a change of the pod template or the count is not complete; crashing pods alone are none."
    )
    paused: bool = Field(description="Whether its rollout is paused.")
    revision: str | None = Field(
        description="A deployment's number, a statefulset's revision name, a daemonset's template generation."
    )
    images: tuple[str, ...] = Field(description="Images of its containers; 20 at most.")
    conditions: tuple[Condition, ...] = Field(description="Its conditions; 10 at most.")
    started_at: str | None = Field(
        description="When the newest revision's ReplicaSet was made, RFC 3339; none where that is not when its rollout "
        "began (a rollback takes an old ReplicaSet), and for other kinds than deployments."
    )
    started_ago: float | None = Field(description="Seconds since started_at.")
    hpa: str | None = Field(description="Name of the HorizontalPodAutoscaler that targets it.")
    managed_by: str | None = Field(
        description="Who else looks after it: operator, ArgoCD, Flux, Helm, or what its label "
        "app.kubernetes.io/managed-by says."
    )
    owner: str | None = Field(description="The object that controls it, Kind/name.")
    restarts: int = Field(description="Restarts of all containers of all its pods.")
    not_ready: tuple[NotReady, ...] = Field(
        description="Its pods that are not ready; 20 at most, those that restarted most first."
    )
    not_ready_total: int = Field(description="How many of its pods are not ready.")
    pods_complete: bool = Field(
        description="False when it has more pods than are read (2000 of those that fit its selector); the sums then "
        "are too small."
    )


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
    summary="Tells a workload's counts, rollout, images, autoscaler, keeper, restarts and pods that are not ready.",
    parameters=WorkloadParameters,
    outputs=DescribeOutputs,
    perform=perform,
    backend=backend,
    permissions=_permissions,
)
