"""Labels and annotations of an object or of a workload's pod template: what ``annotate`` and ``label`` share."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from remediator.actions.kubernetes.api import MERGE_PATCH
from remediator.actions.kubernetes.caution import KEEPS_ALL, foreign_rollout, put_back
from remediator.actions.kubernetes.documents import Document, section
from remediator.actions.kubernetes.edit import Edit
from remediator.actions.kubernetes.names import ConnectionName, Label, Name
from remediator.actions.kubernetes.places import TEMPLATE, Fields, Place, value_at
from remediator.actions.kubernetes.workloads import PLURALS
from remediator.core.action import Parameters, Permission
from remediator.core.redaction import is_secret_name
from remediator.errors import PermanentError

_CORE = {"service": "services", "pod": "pods", "namespace": "namespaces"}
_PART = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_PREFIX = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*"
_MOST = 50
# Kubernetes and its controllers keep their books with these, or they say whose an object is, or how
# safe a namespace's pods must be.
_RESERVED = (
    "app.kubernetes.io/managed-by",
    "argocd.argoproj.io/",
    "controller-revision-hash",
    "deployment.kubernetes.io/",
    "deprecated.daemonset.template.generation",
    "helm.toolkit.fluxcd.io/",
    "kubectl.kubernetes.io/last-applied-configuration",
    "kubernetes.io/metadata.name",
    "kustomize.toolkit.fluxcd.io/",
    "meta.helm.sh/",
    "pod-security.kubernetes.io/",
    "pod-template-generation",
    "pod-template-hash",
    "statefulset.kubernetes.io/",
)

Key = Annotated[str, StringConstraints(max_length=317, pattern=rf"^(?:{_PREFIX}/)?{_PART}$")]
"""A label's or annotation's key: a name of at most 63 characters, with or without a DNS name before it."""


class MarkParameters(Parameters):
    """Names one object, and the keys to be removed from it."""

    kind: Literal["deployment", "statefulset", "daemonset", "service", "pod", "namespace"] = Field(
        description="The object's kind."
    )
    name: Name = Field(description="The object's name.")
    namespace: Label | None = Field(None, description="Its namespace; not given for a namespace.")
    on: Literal["object", "template", "both"] = Field(
        "object",
        description="Where: on the object; on the pod template of a deployment, statefulset or daemonset, whose pods "
        "restart then; or on both.",
    )
    remove: tuple[Key, ...] = Field((), max_length=_MOST, description="Keys to be removed. 50 at most.")
    connection: ConnectionName = Field("default", description="Name of an entry under connections.kubernetes.")

    @property
    def values(self) -> dict[str, str]:
        """Return the keys to be set, with their values."""
        return {}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.kind == "namespace") != (self.namespace is None):
            raise ValueError("a namespace has none itself" if self.namespace else f"a {self.kind} has a namespace")
        if self.on != "object" and self.kind not in PLURALS:
            raise ValueError(f"a {self.kind} has no pod template")
        if not self.values and not self.remove:
            raise ValueError('give "set" or "remove"')
        for key in (*self.values, *self.remove):
            if key in self.values and key in self.remove:
                raise ValueError(f"{key} is to be set and to be removed")
            if any(key == kept or (kept.endswith("/") and key.startswith(kept)) for kept in _RESERVED):
                raise ValueError(f"{key} belongs to those who keep it, and is not changed from here")
            if is_secret_name(key):
                raise ValueError(f"{key} looks secret; everybody who sees the object could read it")
        return self


def backend(p: MarkParameters) -> str:
    """Return the unit of step limits and breakers."""
    return f"kubernetes/{p.connection}"


def targets(p: MarkParameters) -> tuple[str, ...]:
    """Return what a change of this object touches; of a namespace, all that is in it."""
    if p.namespace is None:
        return (f"kubernetes/{p.connection}/{p.name}",)
    return (f"kubernetes/{p.connection}/{p.namespace}/{p.kind}/{p.name}",)


def rights(p: MarkParameters) -> tuple[Permission, ...]:
    """Return the rights to read and patch this kind of object."""
    resource, group = (PLURALS[p.kind], "apps") if p.kind in PLURALS else (_CORE[p.kind], "")
    namespace = p.namespace or ""
    return (Permission("get", resource, namespace, group), Permission("patch", resource, namespace, group))


def marking(which: Literal["labels", "annotations"]) -> Edit[Any]:
    """Return the change of an object's labels or annotations."""
    return Edit(
        path=_path,
        title=_title,
        wanted=lambda p, found: _wanted(which, p, found),
        caution=lambda p, found: _caution(which, p, found),
        media=MERGE_PATCH,
    )


def _wanted(which: Literal["labels", "annotations"], p: MarkParameters, found: Document) -> Fields:
    values: dict[str, str | None] = {**p.values, **dict.fromkeys(p.remove)}
    if which == "labels" and p.on != "object":
        asked = section(found, "spec", "selector", "matchLabels")
        for key in values:
            if key in asked:
                raise PermanentError(f"{_title(p)} selects its pods by {key}; the pod template must keep it")
    return {(*place, key): value for place in _places(which, p) for key, value in values.items()}


def _places(which: Literal["labels", "annotations"], p: MarkParameters) -> tuple[Place, ...]:
    on_object: Place = ("metadata", which)
    on_template: Place = (*TEMPLATE, "metadata", which)
    return {"object": (on_object,), "template": (on_template,), "both": (on_object, on_template)}[p.on]


def _caution(which: Literal["labels", "annotations"], p: MarkParameters, found: Document) -> str:
    """Say who would put back what is there; a key that is not there stands in nobody's manifest."""
    if p.kind == "pod":
        return ""  # its controller adopts or releases it by its labels, and writes none
    known = any(value_at(found, (*place, key)) is not None for place in _places(which, p) for key in _keys(p))
    kept = put_back(found, keeps=KEEPS_ALL if known else frozenset({"operator"}))
    rolling = foreign_rollout(found) if p.on != "object" else ""
    return "; ".join(filter(None, (kept, rolling)))


def _keys(p: MarkParameters) -> tuple[str, ...]:
    return (*p.values, *p.remove)


def _path(p: MarkParameters) -> str:
    """Return the object's place in the API. Its names were validated, so they need no escaping."""
    if p.namespace is None:
        return f"/api/v1/namespaces/{p.name}"
    if p.kind in PLURALS:
        return f"/apis/apps/v1/namespaces/{p.namespace}/{PLURALS[p.kind]}/{p.name}"
    return f"/api/v1/namespaces/{p.namespace}/{_CORE[p.kind]}/{p.name}"


def _title(p: MarkParameters) -> str:
    return f"{p.kind} {p.namespace}/{p.name}" if p.namespace else f"{p.kind} {p.name}"
