"""``kubernetes.secret_age``: which pods of a workload started before a Secret last changed.

Only the Secret's metadata is asked for; no value is ever sent to us. When it changed stands in its
managed fields: the time of whoever wrote last (Kubernetes, "Server-Side Apply", "Field management").
A right to ``get`` Secrets can't be narrowed to their metadata, so grant it by name.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import METADATA_ONLY, Api, open_api
from remediator.actions.kubernetes.chosen import owned_rights
from remediator.actions.kubernetes.documents import Document, clean, objects, section, text
from remediator.actions.kubernetes.moments import instant, seconds_between, stamp
from remediator.actions.kubernetes.names import Name
from remediator.actions.kubernetes.pods import is_finished
from remediator.actions.kubernetes.refusals import AbsentError
from remediator.actions.kubernetes.workloads import WorkloadParameters, backend, read_owned, read_workload
from remediator.core.action import Action, Outputs, Permission

_MOST_PODS = 20
_DEEPEST = 40

Use = Literal["env", "volume", "image_pull"]


class SecretAgeParameters(WorkloadParameters):
    """Which Secret, and whose pods."""

    secret: Name = Field(description="The Secret's name, in the workload's namespace.")


class StalePod(Outputs):
    """A pod that started before the Secret changed."""

    name: str = Field(description="The pod's name.")
    started_at: str = Field(description="When its containers started last, the oldest of them; RFC 3339.")


class SecretAgeOutputs(Outputs):
    """Whether the pods can know what the Secret holds now. No value of it is ever read."""

    exists: bool = Field(description="Whether there is such a Secret.")
    changed_at: str = Field(description="When it was last written, RFC 3339; empty when that is not known.")
    changed_ago: float | None = Field(description="Seconds since then.")
    changed_by: str = Field(description="Who wrote it, by the name that the writer gave; empty when not known.")
    used_as: tuple[Use, ...] = Field(
        description="How the pod template uses it: env is read when a container starts, a volume follows the Secret "
        "after a minute or so, image_pull when an image is fetched. Empty: not at all."
    )
    pods: int = Field(description="Pods of the workload that have not ended.")
    stale: int = Field(description="Those with a container that started before the Secret was written.")
    stale_pods: tuple[StalePod, ...] = Field(description="These pods, the oldest first; 20 at most.")
    complete: bool = Field(description="False when there are more pods than are read.")


async def perform(p: SecretAgeParameters, context: Context) -> SecretAgeOutputs:
    """Compare the Secret's last write with the starts of the workload's containers."""
    api = await open_api(context, p.connection)
    workload = await read_workload(api, p)
    owned = await read_owned(api, p, workload)
    meta = await _metadata(api, p)
    changed, by = _changed(meta) if meta is not None else (None, "")
    pods = [pod for pod in owned.pods if not is_finished(pod)]
    starts = sorted((at, text(pod, "metadata", "name", limit=253)) for pod in pods if (at := _started(pod)) is not None)
    stale = [(at, name) for at, name in starts if changed is not None and at < changed]
    return SecretAgeOutputs(
        exists=meta is not None,
        changed_at=stamp(changed),
        changed_ago=seconds_between(changed, context.now),
        changed_by=by,
        used_as=_uses(section(workload, "spec", "template", "spec"), p.secret),
        pods=len(pods),
        stale=len(stale),
        stale_pods=tuple(StalePod(name=name, started_at=stamp(at)) for at, name in stale[:_MOST_PODS]),
        complete=owned.complete,
    )


async def _metadata(api: Api, p: SecretAgeParameters) -> Document | None:
    """Return the Secret's metadata; None when there is no such Secret."""
    try:
        found = await api.get(f"/api/v1/namespaces/{p.namespace}/secrets/{p.secret}", accept=METADATA_ONLY)
    except AbsentError:
        return None
    return section(found, "metadata")


def _changed(meta: Document) -> tuple[int | None, str]:
    """Return when the Secret was last written (microseconds) and by whom; its creation when nothing else is known."""
    writes = [
        (at, clean(item.get("manager"), 128))
        for item in objects(meta, "managedFields")
        if not item.get("subresource") and (at := instant(text(item, "time"))) is not None and _writes_data(item)
    ]
    return max(writes, default=(instant(text(meta, "creationTimestamp")), ""))


def _writes_data(entry: Document) -> bool:
    """Whether this entry owns values; one that owns only labels or annotations has changed none."""
    fields = section(entry, "fieldsV1")
    return not fields or bool(fields.keys() & {"f:data", "f:stringData"})


def _started(pod: Document) -> int | None:
    """Return when the oldest of the pod's running containers started; None when none runs."""
    running = [section(item, "state", "running") for item in objects(pod, "status", "containerStatuses")]
    starts = [instant(text(state, "startedAt")) for state in running]
    return min((at for at in starts if at is not None), default=None)


def _uses(template: Document, secret: str) -> tuple[Use, ...]:
    """Return how a pod template uses a Secret."""
    containers = [*objects(template, "containers"), *objects(template, "initContainers")]
    env = [_names(container.get(key)) for container in containers for key in ("env", "envFrom")]
    volumes = _names(template.get("volumes"))
    found: list[Use] = []
    if any(secret in names for names in env):
        found.append("env")
    if secret in volumes:
        found.append("volume")
    if any(text(item, "name") == secret for item in objects(template, "imagePullSecrets")):
        found.append("image_pull")
    return tuple(found)


def _names(value: Any, depth: int = 0) -> set[str]:
    """Return the names of Secrets that stand below: ``secretRef``, ``secretKeyRef``, ``secret`` objects."""
    if depth > _DEEPEST:
        return set()
    if isinstance(value, list):
        return {name for item in value for name in _names(item, depth + 1)}
    if not isinstance(value, dict):
        return set()
    found = {name for item in value.values() for name in _names(item, depth + 1)}
    for key in ("secretRef", "secretKeyRef", "secret"):
        named = section(value, key)
        found |= {text(named, "name"), text(named, "secretName")}
    return found - {""}


def _permissions(p: SecretAgeParameters) -> tuple[Permission, ...]:
    return (*owned_rights(p.kind, p.namespace), Permission("get", "secrets", p.namespace))


ACTION = Action(
    name="kubernetes.secret_age",
    summary="Tells which pods of a workload started before a Secret last changed; never what the Secret holds.",
    parameters=SecretAgeParameters,
    outputs=SecretAgeOutputs,
    perform=perform,
    backend=backend,
    permissions=_permissions,
)
