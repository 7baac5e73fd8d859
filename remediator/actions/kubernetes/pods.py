"""Reading pods: are they ready, why not, how often did they restart."""

from __future__ import annotations

from pydantic import Field

from remediator.actions.kubernetes.documents import Document, clean, number, objects, section, text
from remediator.core.action import Outputs

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"


class NotReady(Outputs):
    """A pod that is not ready, and what it says about that."""

    name: str = Field(description="The pod's name.")
    phase: str = Field(description="Pending, Running or Unknown.")
    reason: str = Field(
        description="A container's reason to wait or to have ended, such as CrashLoopBackOff; else a condition's."
    )
    message: str = Field(description="What goes with the reason; 300 characters at most.")
    restarts: int = Field(description="Restarts of its containers, together.")


def is_ready(pod: Document) -> bool:
    """Whether the pod's condition Ready is True and it is not being deleted."""
    if text(pod, "metadata", "deletionTimestamp"):
        return False
    return any(
        item.get("type") == "Ready" and item.get("status") == "True" for item in objects(pod, "status", "conditions")
    )


def is_finished(pod: Document) -> bool:
    """Whether the pod ended: evicted or completed pods stay listed, and nobody waits for them."""
    return text(pod, "status", "phase") in {"Succeeded", "Failed"}


def restarts(pod: Document) -> int:
    """Return how often the pod's containers were restarted, together."""
    return sum(number(item, "restartCount") for item in objects(pod, "status", "containerStatuses"))


def not_ready(pod: Document) -> NotReady:
    """Return why a pod is not ready: the first container that says so, else the first condition that does."""
    reason, message = _stuck(pod)
    return NotReady(
        name=text(pod, "metadata", "name"),
        phase=text(pod, "status", "phase", limit=32) or "Unknown",
        reason=clean(reason, 100),
        message=clean(message, 300),
        restarts=restarts(pod),
    )


def container_of(pod: Document, asked: str | None) -> str:
    """Return the container to look at: the one asked for, the annotated default, else the first. As kubectl does."""
    names = [text(item, "name") for item in objects(pod, "spec", "containers")]
    default = text(pod, "metadata", "annotations", DEFAULT_CONTAINER)
    return asked or (default if default in names else next(iter(names), ""))


def _stuck(pod: Document) -> tuple[str, str]:
    if text(pod, "metadata", "deletionTimestamp"):
        return "Terminating", ""
    statuses = [*objects(pod, "status", "initContainerStatuses"), *objects(pod, "status", "containerStatuses")]
    for state in ("waiting", "terminated"):
        for item in statuses:
            found = section(item, "state", state)
            # An init container that ended well is no reason; waiting for it is.
            if found and found.get("reason") not in {"Completed", "PodInitializing"}:
                return text(found, "reason") or state, text(found, "message")
    for item in objects(pod, "status", "conditions"):
        if item.get("status") == "False" and text(item, "reason"):
            return text(item, "reason"), text(item, "message")
    return text(pod, "status", "reason") or "unknown", text(pod, "status", "message")
