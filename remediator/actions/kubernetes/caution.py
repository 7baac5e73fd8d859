"""Why a person should decide on a change of a workload, though its mode is ``auto``.

Two reasons: somebody who looks after the workload would put this very change back, or a rollout is
in progress that somebody else began. Which keepers put a change back depends on the change:

- a restart's annotation, a pause and a deleted pod stand in no manifest: Argo CD, Flux and Helm leave
  them; an operator that writes the whole object does not;
- the number of replicas is put back by Argo CD, Flux and operators. Helm acts only when somebody
  upgrades, and a count for the time of an incident need not outlive that;
- an image, a variable, resources, a probe or an earlier template are meant to stay, so the next
  ``helm upgrade`` counts too.
"""

from __future__ import annotations

from remediator.actions.kubernetes.api import FIELD_MANAGER, Api
from remediator.actions.kubernetes.completion import condition, partition_of
from remediator.actions.kubernetes.documents import Document, flag, number, section, text
from remediator.actions.kubernetes.keepers import keepers_of, owner_of
from remediator.actions.kubernetes.managers import last_writers
from remediator.actions.kubernetes.workloads import WorkloadParameters, read_workload, replicas_of, strategy_of

KEEPS_PODS = frozenset({"operator"})
"""Who puts back a restart, a pause, a deleted pod."""
KEEPS_COUNTS = frozenset({"operator", "ArgoCD", "Flux"})
"""Who puts back a number of replicas."""
KEEPS_ALL = frozenset({"operator", "ArgoCD", "Flux", "Helm"})
"""Who puts back what stands in a manifest."""

_WHEN = {
    "ArgoCD": "Argo CD looks after it and would put this back at its next sync, or at once if it heals by itself",
    "Flux": "Flux looks after it and would put this back when it next reconciles",
    "Helm": "Helm installed it; the next upgrade of its release would put this back",
}
# The controller keeps NewReplicaSetAvailable from a complete rollout on, also while it scales. What is
# paused or has exceeded its deadline does not go on.
_STANDS = frozenset({"", "NewReplicaSetAvailable", "ProgressDeadlineExceeded", "DeploymentPaused"})


async def caution_of(api: Api, p: WorkloadParameters, *, keeps: frozenset[str]) -> str:
    """Return why a person should decide on this change of a workload; empty when nothing speaks against it.

    ``keeps`` names those who would revert the change: of ``ArgoCD``, ``Flux``, ``Helm``, ``operator``.
    Raise what reading the workload raises: PermanentError when there is none.
    """
    return caution_about(await read_workload(api, p), keeps=keeps)


def caution_about(workload: Document, *, keeps: frozenset[str]) -> str:
    """Return the same about a workload that was read already."""
    return "; ".join(filter(None, (put_back(workload, keeps=keeps), foreign_rollout(workload))))


def put_back(item: Document, *, keeps: frozenset[str]) -> str:
    """Return who of ``keeps`` looks after this object and would revert the change, in a sentence, or nothing."""
    for keeper in keepers_of(item):
        if keeper == "operator" and keeper in keeps:
            return f"{owner_of(item) or 'an operator'} looks after it, and its operator may put this back"
        if keeper in keeps:
            return _WHEN[keeper]
    return ""


def foreign_rollout(workload: Document) -> str:
    """Return that a rollout is in progress which somebody else began, or nothing."""
    unseen = number(workload, "metadata", "generation") > number(workload, "status", "observedGeneration")
    if not unseen and not _is_rolling(workload):
        return ""
    writers = last_writers(workload, "spec") if unseen else last_writers(workload, "spec", "template")
    if FIELD_MANAGER in writers:
        return ""
    return f"a rollout of it is in progress, begun by {' or '.join(writers) or 'somebody whose name is not recorded'}"


def _is_rolling(workload: Document) -> bool:
    """Whether pods are being replaced because the template changed; scaling is none of that."""
    status, kind = section(workload, "status"), workload.get("kind")
    if kind == "Deployment":
        stands = text(condition(workload, "Progressing"), "reason") in _STANDS
        return not stands and not flag(workload, "spec", "paused")
    if strategy_of(workload) == "OnDelete":
        return False  # nothing moves by itself
    if kind == "StatefulSet":
        due = max(replicas_of(workload) - partition_of(workload), 0)
        moving = text(status, "updateRevision") != text(status, "currentRevision")
        return moving and number(status, "updatedReplicas") < due
    return number(status, "updatedNumberScheduled") < replicas_of(workload)
