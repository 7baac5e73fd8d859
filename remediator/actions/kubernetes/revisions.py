"""What a workload's pod template was before: ReplicaSets of a deployment, ControllerRevisions of the others.

As kubectl's history reads them (kubectl, ``pkg/polymorphichelpers``): a ReplicaSet's number stands in
its annotation, a ControllerRevision holds a patch that replaces the template.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from msgspec import Struct

from remediator.actions.kubernetes.api import Api
from remediator.actions.kubernetes.documents import Document, number, section, text
from remediator.actions.kubernetes.workloads import WorkloadParameters, controller_of, selector
from remediator.core.action import Permission
from remediator.errors import PermanentError

REVISION = "deployment.kubernetes.io/revision"
_HASH = "pod-template-hash"
_LONGEST_NUMBER = 18


class Revision(Struct, frozen=True):
    """One earlier or present pod template."""

    number: int
    name: str  #: of the ReplicaSet or ControllerRevision
    template: Document  #: without the label that the deployment's controller adds
    item: Document  #: the object that holds it


def revision_right(p: WorkloadParameters) -> Permission:
    """Return the right to read a workload's revisions."""
    return Permission("list", _resource(p), p.namespace, "apps")


async def read_revisions(api: Api, p: WorkloadParameters, workload: Document) -> list[Revision]:
    """Return its revisions, the newest last. Raise PermanentError when there are more than can be read."""
    place = f"/apis/apps/v1/namespaces/{p.namespace}/{_resource(p)}"
    found = await api.list(place, [("labelSelector", selector(workload))])
    if not found.complete:
        raise PermanentError(f"{p.kind} {p.namespace}/{p.name} has too many revisions to be looked through")
    uid = text(workload, "metadata", "uid")
    items = [item for item in found.items if uid and controller_of(item) == uid]
    return sorted((_revision(p, item) for item in items), key=lambda revision: (revision.number, revision.name))


def template_of(workload: Document) -> Document:
    """Return the pod template of a workload or ReplicaSet, without the label that a controller adds."""
    template = section(workload, "spec", "template")
    labels = section(template, "metadata", "labels")
    if _HASH not in labels:
        return template
    rest = {key: value for key, value in labels.items() if key != _HASH}
    return {**template, "metadata": {**section(template, "metadata"), "labels": rest}}


def digest(template: Document) -> str:
    """Return 16 hexadecimal digits by which a pod template is known again; nulls do not count."""
    try:
        content = orjson.dumps(_filled(template), option=orjson.OPT_SORT_KEYS)
    except (RecursionError, TypeError) as error:
        raise PermanentError("a pod template is nested too deeply to be compared") from error
    return hashlib.sha256(content).hexdigest()[:16]


def revision_like(revisions: list[Revision], wanted: str) -> Revision | None:
    """Return the newest revision whose template has this digest."""
    return next((revision for revision in reversed(revisions) if digest(revision.template) == wanted), None)


def _revision(p: WorkloadParameters, item: Document) -> Revision:
    name = text(item, "metadata", "name")
    if p.kind != "deployment":
        template = {k: v for k, v in section(item, "data", "spec", "template").items() if k != "$patch"}
        return Revision(number(item, "revision"), name, template, item)
    shown = text(item, "metadata", "annotations", REVISION)
    count = int(shown) if shown.isascii() and shown.isdigit() and len(shown) <= _LONGEST_NUMBER else 0
    return Revision(count, name, template_of(item), item)


def _resource(p: WorkloadParameters) -> str:
    return "replicasets" if p.kind == "deployment" else "controllerrevisions"


def _filled(value: Any) -> Any:
    """Return a tree without nulls: ``creationTimestamp: null`` comes and goes with versions."""
    if isinstance(value, dict):
        return {key: _filled(item) for key, item in value.items() if item is not None}
    return [_filled(item) for item in value] if isinstance(value, list) else value
