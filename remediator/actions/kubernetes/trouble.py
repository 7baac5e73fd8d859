"""What a pod says about its trouble: out-of-memory kills, the last end of a container, its revision."""

from __future__ import annotations

from pydantic import Field

from remediator.actions.kubernetes.documents import Document, clean, number, objects, section, text
from remediator.actions.kubernetes.moments import instant, seconds_between
from remediator.actions.kubernetes.pods import is_finished, is_ready, not_ready, restarts
from remediator.core.action import Outputs

_OOM = "OOMKilled"
# A deployment's pods, a statefulset's or daemonset's pods; written by their controllers.
_REVISION_LABELS = ("pod-template-hash", "controller-revision-hash")


class PodState(Outputs):
    """One pod as it stands."""

    name: str = Field(description="The pod's name.")
    namespace: str = Field(description="Its namespace.")
    phase: str = Field(description="Pending, Running, Succeeded, Failed or Unknown.")
    ready: bool = Field(description="Whether it is ready.")
    reason: str = Field(description="Why it is not, in one word, such as CrashLoopBackOff; empty when it is.")
    message: str = Field(description="What goes with the reason; 300 characters at most.")
    restarts: int = Field(description="Restarts of its containers, together.")
    oom_killed: bool = Field(description="Whether a container was last ended for using too much memory.")
    last_reason: str = Field(description="Why a container ended last, such as Error or OOMKilled; empty when none did.")
    last_exit_code: int | None = Field(description="The exit code with which it ended.")
    last_ended_at: str = Field(description="When it ended, RFC 3339; empty when none did.")
    revision: str = Field(description="Hash of the revision that it was made from; empty when it has none.")
    node: str = Field(description="The node that it runs on; empty when it has none.")
    age: float | None = Field(description="Seconds since it was made.")


def pod_state(pod: Document, now: int) -> PodState:
    """Return what a pod says of itself; ``now`` in microseconds."""
    ready = is_ready(pod)
    why = not_ready(pod)
    well = ready or text(pod, "status", "phase") == "Succeeded"
    reason, message = why.reason, why.message
    if is_finished(pod) and text(pod, "status", "reason"):  # evicted: the pod says why, its containers may not
        reason, message = clean(pod["status"]["reason"], 100), clean(pod["status"].get("message"), 300)
    ended = last_end(pod)
    return PodState(
        name=text(pod, "metadata", "name", limit=253),
        namespace=text(pod, "metadata", "namespace", limit=63),
        phase=clean(why.phase, 32),
        ready=ready,
        reason="" if well else reason,
        message="" if well else message,
        restarts=restarts(pod),
        oom_killed=oom_killed(pod),
        last_reason=clean(ended.get("reason"), 100),
        last_exit_code=number(ended, "exitCode") if "exitCode" in ended else None,
        last_ended_at=clean(ended.get("finishedAt"), 40),
        revision=revision_of(pod),
        node=clean(section(pod, "spec").get("nodeName"), 253),
        age=seconds_between(instant(text(pod, "metadata", "creationTimestamp")), now),
    )


def last_end(pod: Document) -> Document:
    """Return how a container of this pod ended last (its ``terminated`` state); empty when none has."""
    ends = [section(item, state, "terminated") for item in _statuses(pod) for state in ("state", "lastState")]
    # Init containers end as a matter of course; a good end says nothing while there is a bad one.
    found = [end for end in ends if end]
    return max(found, key=lambda end: (number(end, "exitCode") != 0, text(end, "finishedAt")), default={})


def oom_killed(pod: Document) -> bool:
    """Whether a container of this pod was last ended for using too much memory."""
    return any(
        text(item, state, "terminated", "reason") == _OOM for item in _statuses(pod) for state in ("state", "lastState")
    )


def revision_of(pod: Document) -> str:
    """Return the hash of the revision that a pod was made from; empty when it has none."""
    labels = section(pod, "metadata", "labels")
    return next((clean(labels[name], 63) for name in _REVISION_LABELS if isinstance(labels.get(name), str)), "")


def _statuses(pod: Document) -> list[Document]:
    return [*objects(pod, "status", "initContainerStatuses"), *objects(pod, "status", "containerStatuses")]
