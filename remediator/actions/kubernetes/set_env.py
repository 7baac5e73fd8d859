"""``kubernetes.set_env``: environment variables of a workload's containers, as ``kubectl set env`` sets them.

A variable that takes its value from a Secret, a ConfigMap or a field (``valueFrom``) is refused rather
than overwritten. A value whose name or shape looks secret is never shown or written down: undo takes
it from the revision (ReplicaSet, ControllerRevision) that still has it.
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from remediator.actions.answers.words import worded
from remediator.actions.kubernetes.api import Api
from remediator.actions.kubernetes.caution import KEEPS_ALL, caution_about
from remediator.actions.kubernetes.containers import container_at, containers_of
from remediator.actions.kubernetes.documents import Document, clean
from remediator.actions.kubernetes.edit import Edit, EditOutputs
from remediator.actions.kubernetes.names import Label
from remediator.actions.kubernetes.places import Fields, Place, value_at
from remediator.actions.kubernetes.revisions import (
    digest,
    read_revisions,
    revision_like,
    revision_right,
    template_of,
)
from remediator.actions.kubernetes.workloads import WorkloadParameters, backend, path, right, targets, title
from remediator.core.action import Action, Permission
from remediator.core.redaction import is_secret_name, redact
from remediator.errors import PermanentError

_MOST = 50


Variable = Annotated[str, StringConstraints(pattern=r"^[-._a-zA-Z][-._a-zA-Z0-9]{0,252}$")]
Value = Annotated[str, BeforeValidator(worded), StringConstraints(max_length=32_768)]


class EnvParameters(WorkloadParameters):
    """Which workload, and which variables of its containers."""

    set: dict[Variable, Value] = Field(
        default_factory=dict,
        max_length=_MOST,
        description="Variables and their values; numbers with a fraction must be quoted. 50 at most.",
    )
    unset: tuple[Variable, ...] = Field((), max_length=_MOST, description="Variables to be removed. 50 at most.")
    container: Label | None = Field(
        None, description="The container. Default: all, init containers too, as kubectl does."
    )

    @model_validator(mode="after")
    def _some_and_apart(self) -> Self:
        if not self.set and not self.unset:
            raise ValueError('give "set" or "unset"')
        both = sorted(set(self.set).intersection(self.unset))
        if both:
            raise ValueError(f"{both[0]} is to be set and to be removed")
        return self


def _wanted(p: EnvParameters, workload: Document) -> Fields:
    places = (
        (container_at(workload, p.container, init=True)[1],) if p.container else tuple(containers_of(workload).values())
    )
    fields: dict[Place, Any] = {}
    for container in places:
        _refuse_twins(p, container, workload)
        for name, value in (*p.set.items(), *((name, None) for name in p.unset)):
            place = (*container, "env", f"[{name}]")
            if "valueFrom" in (value_at(workload, place) or {}):
                raise PermanentError(
                    f"{title(p)}: {name} of container {container[-1][1:-1]} comes from elsewhere (valueFrom); "
                    "change it there"
                )
            fields[place] = None if value is None else {"value": value}
    return fields


def _refuse_twins(p: EnvParameters, container: Place, workload: Document) -> None:
    """Refuse a variable that a container has twice: a patch goes by names, and could change only one of them."""
    names = [item.get("name") for item in value_at(workload, (*container, "env")) or () if isinstance(item, dict)]
    for name in _names(p):
        if names.count(name) > 1:
            raise PermanentError(f"{title(p)}: container {container[-1][1:-1]} has {name} twice; mend that first")


def _is_secret(place: Place, value: Any) -> bool:
    text = value.get("value", "") if isinstance(value, dict) else ""
    return is_secret_name(place[-1][1:-1]) or not isinstance(text, str) or redact(text, len(text) + 1) != text


async def _present(api: Api, p: EnvParameters, workload: Document) -> str:
    """Return the name of the revision that has the present template; empty when there is none yet."""
    found = revision_like(await read_revisions(api, p, workload), digest(template_of(workload)))
    return found.name if found else ""


async def _former(api: Api, p: EnvParameters, workload: Document, name: str) -> Document:
    for revision in await read_revisions(api, p, workload):
        if revision.name == name:
            return {"spec": {"template": revision.template}}
    raise PermanentError(
        f"{title(p)}: a secret value was not written down, and the revision {clean(name, 253) or '(none)'} that had it "
        "is gone"
    )


def _names(p: EnvParameters) -> tuple[str, ...]:
    return (*p.set, *p.unset)


def _caution(_p: EnvParameters, workload: Document) -> str:
    return caution_about(workload, keeps=KEEPS_ALL)


def _permissions(p: EnvParameters) -> tuple[Permission, ...]:
    return (right(p, "get"), right(p, "patch"), revision_right(p))


_EDIT: Edit[EnvParameters] = Edit(
    path=path,
    title=title,
    wanted=_wanted,
    caution=_caution,
    hides=_is_secret,
    marks=_present,
    recalls=_former,
    shown=_names,
)

ACTION: Action[EnvParameters, EditOutputs] = Action(
    name="kubernetes.set_env",
    summary="Sets or removes environment variables of a workload's containers; its pods restart.",
    parameters=EnvParameters,
    outputs=EditOutputs,
    perform=_EDIT.perform,
    backend=backend,
    changes=True,
    targets=targets,
    resolve=_EDIT.resolve,
    happened=_EDIT.happened,
    preview=_EDIT.preview,
    caution=_EDIT.warn,
    undo=_EDIT.undo,
    undo_is_safe=True,
    permissions=_permissions,
)
