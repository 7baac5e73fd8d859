"""``kubernetes.delete_pod``: pods are evicted, so that their PodDisruptionBudgets hold; their controller replaces them.

Which pods is decided once, by name and uid, before anything happens: done again, it finds them gone
and touches none of those that took their place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import Api, open_api
from remediator.actions.kubernetes.caution import KEEPS_PODS, caution_of
from remediator.actions.kubernetes.documents import Document, text
from remediator.actions.kubernetes.doomed import (
    metrics_right,
    pods_of,
    pods_with,
    refuse_lone,
    selector_of,
    worst_first,
)
from remediator.actions.kubernetes.evictions import (
    BlockedError,
    PodReference,
    controller,
    evict,
    evict_all,
    is_gone,
    is_mirror,
    reference,
    rights,
)
from remediator.actions.kubernetes.names import ConnectionName, Kind, Label, Name
from remediator.actions.kubernetes.pods import restarts
from remediator.actions.kubernetes.protection import refuse_protected_pods
from remediator.actions.kubernetes.selection import Labels, labels_query
from remediator.actions.kubernetes.waiting import Deadline
from remediator.actions.kubernetes.workloads import PLURALS, WorkloadParameters
from remediator.core.action import Action, Intent, Outputs, Parameters, Permission
from remediator.core.durations import Duration
from remediator.errors import AmbiguousError, PermanentError, TemporaryError

_MOST = 50
_GO_ON = 3.0  #: seconds to go on in, where some are evicted and the server is in trouble


class DeletePodParameters(Parameters):
    """Which pods: ``pod``, ``labels``, or ``kind`` and ``name`` of a workload, with ``pod`` for one of its."""

    namespace: Label = Field(description="Their namespace.")
    kind: Kind | None = Field(None, description="Kind of the workload whose worst pods are deleted. With name.")
    name: Name | None = Field(None, description="Name of that workload.")
    pod: Name | None = Field(
        None,
        description="Name of one pod. With kind and name it must be one of that workload's, and the workload is what "
        "is locked: so it may be what an earlier step has found.",
    )
    labels: Labels | None = Field(
        None, min_length=1, description="Labels that the pods have, all of them. Instead of kind and name."
    )
    worst: Literal["restarts", "memory"] | None = Field(
        None,
        description="Take those that restarted most often, or use most memory (needs the metrics API). Pods without "
        "restarts are never the worst. Default: restarts for a workload, none for labels.",
    )
    count: int = Field(
        1, ge=1, le=_MOST, description="So many pods at most. Where more fit, worst says which; without it is refused."
    )
    unmanaged: bool = Field(False, description="Also pods without a controller, which nobody would replace.")
    grace_period: int | None = Field(
        None, ge=0, le=3600, description="Seconds to end in. Default: what the pod itself says."
    )
    wait: Duration = Field(
        0.0,
        le=3600.0,
        description="How long to try again while a PodDisruptionBudget stands against it. The step's own timeout "
        "must be longer.",
    )
    connection: ConnectionName = Field("default", description="Name of an entry under connections.kubernetes.")
    pods: tuple[PodReference, ...] | None = Field(
        None, max_length=_MOST, description="The very pods. Filled in before the step is done."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.kind is None) != (self.name is None):
            raise ValueError('a workload takes "kind" and "name"')
        if (self.kind is None and self.pod is None) == (self.labels is None):
            raise ValueError('give "pod", "labels", or "kind" and "name"')
        if self.pod is not None and self.worst is not None:
            raise ValueError('"worst" chooses among several pods; "pod" names one')
        return self


class DeletePodOutputs(Outputs):
    """What became of them."""

    pods: tuple[str, ...] = Field(description="Names of the pods that were to be deleted.")
    evicted: int = Field(description="Pods that the server accepted to evict now.")
    gone: int = Field(description="Pods that were gone or going already.")
    changed: bool = Field(description="False when all were gone already.")


async def perform(p: DeletePodParameters, context: Context) -> DeletePodOutputs:
    """Evict the pods; those that are gone are left out."""
    api = await open_api(context, p.connection)
    pods = p.pods if p.pods is not None else tuple(reference(pod) for pod in await _choose(api, p, context))
    evicted: list[PodReference] = []
    try:
        left = await _evict(api, p, pods, evicted)
    except (PermanentError, TemporaryError) as error:
        if not evicted:
            raise
        words = f"{len(evicted)} of {len(pods)} pods were evicted, then {error}"
        raise AmbiguousError(words, transport=error.transport) from error
    if left:
        blocked = f"a PodDisruptionBudget does not allow the eviction of {', '.join(pod.title for pod in left[:5])}"
        if not evicted:
            raise BlockedError(blocked)
        raise AmbiguousError(f"{len(evicted)} of {len(pods)} pods were evicted, then {blocked}")
    return DeletePodOutputs(
        pods=tuple(pod.name for pod in pods),
        evicted=len(evicted),
        gone=len(pods) - len(evicted),
        changed=bool(evicted),
    )


async def _evict(
    api: Api, p: DeletePodParameters, pods: Sequence[PodReference], evicted: list[PodReference]
) -> list[PodReference]:
    """Evict them; return those that a budget blocks. ``evicted`` is told each as it happens.

    The engine tries again what has not happened. Once one is evicted that is no longer so: we try again here.
    """
    try:
        return await evict_all(api, pods, Deadline(p.wait), grace=p.grace_period, note=evicted.append)
    except TemporaryError:
        if not evicted:
            raise
    return await evict_all(api, pods, Deadline(_GO_ON), grace=p.grace_period, note=evicted.append)


async def resolve(p: DeletePodParameters, context: Context) -> Intent[DeletePodParameters]:
    """Choose the pods, by name and uid."""
    api = await open_api(context, p.connection)
    pods = tuple(reference(pod) for pod in await _choose(api, p, context))
    return Intent(p.model_copy(update={"pods": pods}), {"pods": [pod.model_dump(mode="json") for pod in pods]})


async def happened(intent: Intent[DeletePodParameters], context: Context) -> bool | None:
    """Whether all are gone or going; None when only some are."""
    api = await open_api(context, intent.parameters.connection)
    pods = intent.parameters.pods or ()
    gone = [await is_gone(api, pod) for pod in pods]
    return True if all(gone) and gone else False if not any(gone) else None


async def preview(p: DeletePodParameters, context: Context) -> str:
    """Name the pods that would be deleted; each eviction is asked as a dry run."""
    api = await open_api(context, p.connection)
    lines = []
    for pod in await _choose(api, p, context):
        which = reference(pod)
        words = f"pod {which.title} (restarts: {restarts(pod)}) would be evicted"
        try:
            await evict(api, which, grace=p.grace_period, dry_run=True)
        except BlockedError:
            words = f"pod {which.title}: a PodDisruptionBudget does not allow its eviction now"
        lines.append(words)
    return "\n".join(lines)


async def caution(p: DeletePodParameters, context: Context) -> str:
    """Say who speaks against it, of a workload; of pods that are chosen otherwise nothing is asked."""
    of = _workload(p)
    return await caution_of(await open_api(context, p.connection), of, keeps=KEEPS_PODS) if of else ""


async def _choose(api: Api, p: DeletePodParameters, context: Context) -> list[Document]:
    """Return the pods that are meant, ``count`` at most; PermanentError when none fits, or too many do."""
    pods, query, title = await _candidates(api, p)
    by = p.worst or ("restarts" if p.kind and p.pod is None else None)
    if by is not None:
        pods = (await worst_first(api, p.namespace, pods, by, query))[: p.count]
    if not pods:
        lacking = {"restarts": " that has restarted", "memory": " that is known to use memory"}.get(by or "", "")
        raise PermanentError(f"{title} has no running pod{lacking}")
    if len(pods) > p.count:
        raise PermanentError(f"{title} has {len(pods)} pods, and {p.count} may be deleted; say worst, or raise count")
    refuse_protected_pods(context, p.connection, pods)
    refuse_lone([pod for pod in pods if is_mirror(pod) or (not p.unmanaged and not controller(pod))])
    return pods


async def _candidates(api: Api, p: DeletePodParameters) -> tuple[list[Document], list[tuple[str, str]], str]:
    of = _workload(p)
    if of is not None:
        query = await selector_of(api, of) if p.worst == "memory" else []
        pods, title = await pods_of(api, of), f"{of.kind} {of.namespace}/{of.name}"
        if p.pod is None:
            return pods, query, title
        one = [pod for pod in pods if text(pod, "metadata", "name") == p.pod]
        if not one:
            raise PermanentError(f"{title} has no running pod {p.pod}")
        return one, query, title
    if p.pod is not None:
        return [await api.get(f"/api/v1/namespaces/{p.namespace}/pods/{p.pod}")], [], f"pod {p.namespace}/{p.pod}"
    query = labels_query(p.labels or {})
    return await pods_with(api, p.namespace, p.labels or {}), query, f"{query[0][1]} in {p.namespace}"


def _workload(p: DeletePodParameters) -> WorkloadParameters | None:
    if p.kind is None or p.name is None:
        return None
    return WorkloadParameters(kind=p.kind, name=p.name, namespace=p.namespace, connection=p.connection)


def _targets(p: DeletePodParameters) -> tuple[str, ...]:
    """Return the workload, the pod, or, where labels choose, the namespace."""
    place = f"kubernetes/{p.connection}/{p.namespace}"
    if p.kind is not None:
        return (f"{place}/{p.kind}/{p.name}",)
    return (f"{place}/pod/{p.pod}",) if p.pod is not None else (place,)


def _permissions(p: DeletePodParameters) -> tuple[Permission, ...]:
    found = list(rights(p.namespace))
    if p.pod is None or p.kind is not None:
        found.append(Permission("list", "pods", p.namespace))
    if p.kind is not None:
        found.append(Permission("get", PLURALS[p.kind], p.namespace, "apps"))
    if p.kind == "deployment":
        found.append(Permission("list", "replicasets", p.namespace, "apps"))
    if p.worst == "memory":
        found.append(metrics_right(p.namespace))
    return tuple(found)


ACTION = Action(
    name="kubernetes.delete_pod",
    summary="Evicts pods: one by name, those with labels, or the worst of a workload by restarts or memory.",
    parameters=DeletePodParameters,
    outputs=DeletePodOutputs,
    perform=perform,
    backend=lambda p: f"kubernetes/{p.connection}",
    changes=True,
    # Not yet resolved, a second time would choose among the pods that took the first ones' place.
    idempotent=lambda p: p.pods is not None,
    targets=_targets,
    resolve=resolve,
    happened=happened,
    preview=preview,
    caution=caution,
    amounts=lambda p: {"pods": len(p.pods) if p.pods is not None else 1 if p.pod else p.count},
    permissions=_permissions,
)
