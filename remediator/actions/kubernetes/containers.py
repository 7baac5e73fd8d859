"""Which container of a workload is meant."""

from __future__ import annotations

from remediator.actions.kubernetes.documents import Document, clean, objects, text
from remediator.actions.kubernetes.places import TEMPLATE, Place
from remediator.actions.kubernetes.pods import DEFAULT_CONTAINER
from remediator.errors import PermanentError

_PLACE: Place = (*TEMPLATE, "spec")


def containers_of(workload: Document, *, init: bool = True) -> dict[str, Place]:
    """Return the places of its containers by name, init containers last."""
    lists = ("containers", "initContainers") if init else ("containers",)
    return {
        name: (*_PLACE, which, f"[{name}]")
        for which in lists
        for name in (text(item, "name") for item in objects(workload, *_PLACE, which))
        if name
    }


def container_at(workload: Document, asked: str | None, *, init: bool = False) -> tuple[str, Place]:
    """Return name and place of the container asked for, else of the annotated default, else of the only one.

    Raise PermanentError when it has no such container, or several and none was named: a guess could
    change a sidecar.
    """
    known = containers_of(workload, init=init)
    name = asked or text(workload, *TEMPLATE, "metadata", "annotations", DEFAULT_CONTAINER)
    if not name and len(regular := containers_of(workload, init=False)) == 1:
        (name,) = regular
    if name in known:
        return name, known[name]
    names = clean(", ".join(known), 300) or "none"
    if name:
        raise PermanentError(f'it has no container "{clean(name, 63)}"; it has: {names}')
    raise PermanentError(f"it has several containers, and none is named: {names}")
