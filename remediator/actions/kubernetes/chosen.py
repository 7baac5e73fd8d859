"""Which pods a look is about: those of a workload, one pod, what a selector fits, a namespace, or all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal, Self

from msgspec import Struct
from pydantic import Field, model_validator

from remediator.actions.kubernetes.api import Api
from remediator.actions.kubernetes.documents import Document
from remediator.actions.kubernetes.labels import Selector
from remediator.actions.kubernetes.names import ConnectionName, Label, Name
from remediator.actions.kubernetes.workloads import PLURALS, WorkloadParameters, read_owned, read_workload
from remediator.core.action import Parameters, Permission

_PAGES = 20  # of 500


class ChosenParameters(Parameters):
    """Which pods."""

    kind: Literal["pod", "deployment", "statefulset", "daemonset"] | None = Field(
        None, description="A workload's kind, or pod. With name; without both, all pods of the namespace."
    )
    name: Name | None = Field(None, description="Name of the workload or the pod.")
    namespace: Label | None = Field(None, description="The namespace. Needed, unless all_namespaces is true.")
    all_namespaces: bool = Field(False, description="Look into all namespaces; instead of namespace.")
    selector: Selector | None = Field(
        None, description="Only pods with these labels, as kubectl -l takes them; not with kind and name."
    )
    connection: ConnectionName = Field("default", description="Name of an entry under connections.kubernetes.")

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if (self.namespace is None) != self.all_namespaces:
            raise ValueError('give "namespace", or "all_namespaces: true" instead')
        if (self.kind is None) != (self.name is None):
            raise ValueError('give both "kind" and "name", or neither')
        if self.name is not None and (self.selector is not None or self.namespace is None):
            raise ValueError('"kind" and "name" name one thing of one namespace; leave out the selector')
        return self


class Batch(Struct, frozen=True):
    """Some of the chosen pods; ``complete`` is false while more may follow."""

    pods: list[Document]
    complete: bool


def pods_path(namespace: str | None) -> str:
    """Return where pods are listed: of a namespace, or of all."""
    return f"/api/v1/namespaces/{namespace}/pods" if namespace else "/api/v1/pods"


async def chosen_pods(api: Api, p: ChosenParameters) -> AsyncIterator[Batch]:
    """Yield the chosen pods batch by batch, 10,000 of a namespace at most; the last batch says whether that is all."""
    of = workload_of(p)
    if of is not None:
        owned = await read_owned(api, of, await read_workload(api, of))
        yield Batch(owned.pods, owned.complete)
    elif p.name is not None:
        yield Batch([await api.get(f"{pods_path(p.namespace)}/{p.name}")], complete=True)
    else:
        query = [("labelSelector", p.selector)] if p.selector else []
        async for page in api.pages(pods_path(p.namespace), query, pages=_PAGES):
            yield Batch(page.items, page.complete)


def workload_of(p: ChosenParameters) -> WorkloadParameters | None:
    """Return the workload whose pods are chosen; None when the choice is another."""
    if p.kind is None or p.kind == "pod" or p.name is None or p.namespace is None:
        return None
    return WorkloadParameters(kind=p.kind, name=p.name, namespace=p.namespace, connection=p.connection)


def pod_rights(p: ChosenParameters) -> tuple[Permission, ...]:
    """Return what reading the chosen pods needs; an empty namespace means all of them."""
    namespace = p.namespace or ""
    if p.kind == "pod":
        return (Permission("get", "pods", namespace),)
    if p.kind is None:
        return (Permission("list", "pods", namespace),)
    return owned_rights(p.kind, namespace)


def owned_rights(kind: str, namespace: str) -> tuple[Permission, ...]:
    """Return what reading a workload and its pods needs."""
    sets = (Permission("list", "replicasets", namespace, "apps"),) if kind == "deployment" else ()
    return (Permission("get", PLURALS[kind], namespace, "apps"), *sets, Permission("list", "pods", namespace))
