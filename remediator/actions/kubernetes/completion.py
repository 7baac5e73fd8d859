"""When a rollout is complete: kubectl's rules, on a workload as the API returns it. Nothing is asked here."""

from __future__ import annotations

from msgspec import Struct

from remediator.actions.kubernetes.documents import Document, clean, flag, number, objects, section, text
from remediator.actions.kubernetes.workloads import replicas_of, strategy_of


class Completion(Struct, frozen=True):
    """What one look at a workload says about its newest rollout."""

    complete: bool
    reason: str
    failed: bool = False  #: it will not complete without somebody doing something


def completion(workload: Document) -> Completion:
    """Return whether the newest rollout is complete. An unknown kind is not complete."""
    kind = text(workload, "kind")
    if kind not in _RULES:
        return Completion(complete=False, reason="the answer is not a workload")
    # kubectl refuses to judge these too: the controller does not replace pods by itself.
    strategy = strategy_of(workload)
    if strategy == "OnDelete" or (kind != "Deployment" and strategy != "RollingUpdate"):
        return Completion(
            complete=False, failed=True, reason=f"it updates {clean(strategy, 40)}, so no rollout can be followed"
        )
    observed = number(workload, "status", "observedGeneration")
    # A statefulset that was never observed has 0 there, and so has an answer without a status.
    if not observed or number(workload, "metadata", "generation") > observed:
        return Completion(complete=False, reason="its controller has not observed the newest specification")
    return _RULES[kind](workload, section(workload, "status"))


def condition(workload: Document, kind: str) -> Document:
    """Return the condition of this type; empty when there is none."""
    found = (item for item in objects(workload, "status", "conditions") if item.get("type") == kind)
    return next(found, {})


def partition_of(workload: Document) -> int:
    """Return the ordinal below which a statefulset's pods keep their old template."""
    return number(workload, "spec", "updateStrategy", "rollingUpdate", "partition")


def _deployment(workload: Document, status: Document) -> Completion:
    wanted, updated = replicas_of(workload), number(status, "updatedReplicas")
    total, available = number(status, "replicas"), number(status, "availableReplicas")
    if text(condition(workload, "Progressing"), "reason") == "ProgressDeadlineExceeded":
        return Completion(complete=False, failed=True, reason="its progress deadline is exceeded")
    paused = " (it is paused)" if flag(workload, "spec", "paused") else ""
    if updated < wanted:
        return Completion(complete=False, reason=f"{updated} of {wanted} new replicas are updated{paused}")
    if total > updated:
        return Completion(complete=False, reason=f"{total - updated} old replicas are pending termination{paused}")
    if available < updated:
        return Completion(complete=False, reason=f"{available} of {updated} updated replicas are available{paused}")
    return Completion(complete=True, reason=f"all {updated} replicas are updated and available")


def _statefulset(workload: Document, status: Document) -> Completion:
    wanted, ready = replicas_of(workload), number(status, "readyReplicas")
    updated, partition = number(status, "updatedReplicas"), partition_of(workload)
    if ready < wanted:
        return Completion(complete=False, reason=f"{ready} of {wanted} pods are ready")
    if section(workload, "spec", "updateStrategy").get("rollingUpdate") is not None:
        due = max(wanted - partition, 0)
        if updated < due:
            return Completion(complete=False, reason=f"{updated} of {due} pods above the partition are updated")
        return Completion(complete=True, reason=f"{updated} of {wanted} pods are updated (partition {partition})")
    if text(status, "updateRevision") != text(status, "currentRevision"):
        return Completion(complete=False, reason=f"{updated} of {wanted} pods are at the newest revision")
    return Completion(complete=True, reason=f"all {wanted} pods are at the newest revision")


def _daemonset(_workload: Document, status: Document) -> Completion:
    wanted, updated = number(status, "desiredNumberScheduled"), number(status, "updatedNumberScheduled")
    available = number(status, "numberAvailable")
    if updated < wanted:
        return Completion(complete=False, reason=f"{updated} of {wanted} pods are updated")
    if available < wanted:
        return Completion(complete=False, reason=f"{available} of {wanted} updated pods are available")
    return Completion(complete=True, reason=f"all {wanted} pods are updated and available")


_RULES = {"Deployment": _deployment, "StatefulSet": _statefulset, "DaemonSet": _daemonset}
