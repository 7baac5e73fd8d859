"""Evicting pods: as ``kubectl drain`` asks for it, so that PodDisruptionBudgets hold.

Source: Kubernetes, "API-initiated Eviction": POST of a policy/v1 Eviction to the pod; 429 means that
a PodDisruptionBudget does not allow it now; 500 that several budgets select the pod.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus

from pydantic import Field

from remediator.actions.kubernetes.api import Api
from remediator.actions.kubernetes.documents import Document, objects, text
from remediator.actions.kubernetes.names import Label, Name
from remediator.actions.kubernetes.refusals import AbsentError
from remediator.actions.kubernetes.waiting import Deadline, look_until
from remediator.actions.kubernetes.writing import answered, create, find
from remediator.core.action import Parameters, Permission
from remediator.errors import PermanentError, TemporaryError


class PodReference(Parameters):
    """One very pod: another one of the same name has another uid."""

    namespace: Label = Field(description="Its namespace.")
    name: Name = Field(description="Its name.")
    uid: str = Field(min_length=1, max_length=100, description="Its uid.")

    @property
    def title(self) -> str:
        """The pod, for people."""
        return f"{self.namespace}/{self.name}"


class BlockedError(TemporaryError):
    """A PodDisruptionBudget does not allow the eviction now."""


def reference(pod: Document) -> PodReference:
    """Return which pod this is; PermanentError when the answer does not tell."""
    try:
        return PodReference(
            namespace=text(pod, "metadata", "namespace"),
            name=text(pod, "metadata", "name"),
            uid=text(pod, "metadata", "uid"),
        )
    except ValueError as error:
        raise PermanentError("the answer names a pod without namespace, name or uid") from error


async def evict(api: Api, pod: PodReference, *, grace: int | None = None, dry_run: bool = False) -> bool:
    """Ask for the eviction of this pod; false when it is gone or going already.

    Raise BlockedError when a PodDisruptionBudget stands against it.
    """
    if await is_gone(api, pod):
        return False
    path = f"{_place(pod)}/eviction"
    options: Document = {"preconditions": {"uid": pod.uid}}
    if grace is not None:
        options["gracePeriodSeconds"] = grace
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod.name, "namespace": pod.namespace},
        "deleteOptions": options,
    }
    try:
        await create(api, path, body, dry_run=dry_run)
    except AbsentError:
        return False
    except TemporaryError as error:
        if answered(error, "POST", path, HTTPStatus.TOO_MANY_REQUESTS) and "disruption budget" in str(error).lower():
            words = f"a PodDisruptionBudget does not allow the eviction of pod {pod.title} now"
            raise BlockedError(words, retry_after=error.retry_after) from error
        if answered(error, "POST", path, HTTPStatus.CONFLICT) and await is_gone(api, pod):
            return False
        raise
    return True


async def is_gone(api: Api, pod: PodReference) -> bool:
    """Whether this very pod is gone, or is being deleted."""
    found = await find(api, _place(pod))
    return found is None or text(found, "metadata", "uid") != pod.uid or is_leaving(found)


async def has_left(api: Api, pod: PodReference) -> bool:
    """Whether this very pod is gone altogether."""
    found = await find(api, _place(pod))
    return found is None or text(found, "metadata", "uid") != pod.uid


async def evict_all(
    api: Api,
    pods: Sequence[PodReference],
    deadline: Deadline,
    *,
    grace: int | None,
    note: Callable[[PodReference], None],
) -> list[PodReference]:
    """Evict all of them; those that a budget blocks are tried again until the deadline. Return who is left.

    ``note`` is told each pod whose eviction was accepted, as it happens.
    """
    left = list(pods)

    async def once() -> bool | None:
        blocked = []
        for index, pod in enumerate(left):
            try:
                if await evict(api, pod, grace=grace):
                    note(pod)
            except BlockedError:
                blocked.append(pod)
            except TemporaryError:
                left[:] = [*blocked, *left[index:]]
                raise
        left[:] = blocked
        return None if left else True

    await look_until(once, deadline)
    return left


def is_leaving(pod: Document) -> bool:
    """Whether the pod is being deleted."""
    return bool(text(pod, "metadata", "deletionTimestamp"))


def controller(pod: Document) -> Document:
    """Return the reference to the object that controls the pod; empty when none does."""
    owners = objects(pod, "metadata", "ownerReferences")
    return next((owner for owner in owners if owner.get("controller") is True), {})


def is_mirror(pod: Document) -> bool:
    """Whether a kubelet runs the pod from a file: it cannot be removed through the API server."""
    return bool(text(pod, "metadata", "annotations", "kubernetes.io/config.mirror"))


def rights(namespace: str) -> tuple[Permission, ...]:
    """Return what evicting takes; an empty namespace means all."""
    return (Permission("get", "pods", namespace), Permission("create", "pods/eviction", namespace))


def _place(pod: PodReference) -> str:
    return f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}"
