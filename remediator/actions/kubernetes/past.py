"""A workload's revisions, read from its ReplicaSets or ControllerRevisions. Nothing is asked here.

Source: Kubernetes, "Deployments" (revision and change-cause annotations of ReplicaSets) and
"ControllerRevision" (``revision`` and ``data``, what the pod template was). A rollback takes the old
object and gives it the newest number, so then its creation is not when the rollout began.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from remediator.actions.kubernetes.documents import Document, clean, number, objects, section, text
from remediator.actions.kubernetes.moments import instant

_NUMBER = "deployment.kubernetes.io/revision"
_EARLIER_NUMBERS = "deployment.kubernetes.io/revision-history"
_CAUSE = "kubernetes.io/change-cause"
_MOST_IMAGES = 20
_MOST_DIGITS = 18


class Past(Struct, frozen=True):
    """One revision of a workload."""

    number: int
    object: str  #: name of its ReplicaSet or ControllerRevision
    images: tuple[str, ...]
    cause: str  #: its change-cause annotation; empty when nobody wrote one
    made_at: int | None  #: microseconds; when its object was made
    reused: bool  #: whether a rollback gave an old object this number


def revisions(items: Sequence[Document]) -> list[Past]:
    """Return the revisions that ReplicaSets or ControllerRevisions hold, the newest first."""
    found = [past for item in items if (past := _revision(item)) is not None]
    return sorted(found, key=lambda past: -past.number)


def began_at(past: Sequence[Past], pods: Sequence[Document]) -> tuple[int | None, bool]:
    """Return when the newest revision's rollout began (microseconds), and whether that is exact.

    After a rollback it is the creation of the oldest of the newest revision's pods (``pods``), which
    is never too early where the revision had none left; None when there are none.
    """
    if not past:
        return None, False
    newest, made = past[0], past[0].made_at
    earlier = [other.made_at for other in past[1:] if other.made_at is not None]
    if made is not None and not newest.reused and made >= max(earlier, default=made):
        return made, True
    stamps = [instant(text(pod, "metadata", "creationTimestamp")) for pod in pods]
    return min((stamp for stamp in stamps if stamp is not None), default=None), False


def _revision(item: Document) -> Past | None:
    annotations = section(item, "metadata", "annotations")
    held = number(item, "revision") or _digits(annotations.get(_NUMBER))
    if held <= 0:
        return None
    template = section(item, "spec", "template") or section(item, "data", "spec", "template")
    images = [clean(each.get("image"), 300) for each in objects(template, "spec", "containers")[:_MOST_IMAGES]]
    return Past(
        number=held,
        object=text(item, "metadata", "name", limit=253),
        images=tuple(images),
        cause=clean(annotations.get(_CAUSE), 300),
        made_at=instant(text(item, "metadata", "creationTimestamp")),
        reused=bool(annotations.get(_EARLIER_NUMBERS)),
    )


def _digits(value: Any) -> int:
    return (
        int(value)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS
        else 0
    )
