"""``kubernetes.rollout_undo``: an earlier pod template, as ``kubectl rollout undo`` brings it back.

A deployment's comes from a ReplicaSet (a JSON patch of template and annotations), that of a statefulset
or daemonset from a ControllerRevision (its data is the patch). Always for a person to approve:
migrations may have run since, and nothing here can tell.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import Api, open_api
from remediator.actions.kubernetes.caution import KEEPS_ALL, caution_of
from remediator.actions.kubernetes.difference import difference
from remediator.actions.kubernetes.documents import Document, clean, flag, number, objects, section, text
from remediator.actions.kubernetes.edit import consequence
from remediator.actions.kubernetes.revisions import (
    Revision,
    digest,
    read_revisions,
    revision_like,
    revision_right,
    template_of,
)
from remediator.actions.kubernetes.rollback import rollback_patch
from remediator.actions.kubernetes.workloads import (
    WorkloadParameters,
    backend,
    path,
    read_workload,
    right,
    targets,
    title,
)
from remediator.actions.kubernetes.writing import patch_as_read
from remediator.core.action import Action, Intent, Outputs, Permission
from remediator.errors import PermanentError, TemporaryError

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]


class UndoParameters(WorkloadParameters):
    """Which workload, and which revision."""

    revision: int | None = Field(
        None, ge=1, le=10**12, description="The revision to go back to. Default: the one before the newest."
    )
    template: Digest | None = Field(
        None, description="Digest of that revision's pod template. Filled in before the step is done."
    )
    from_template: Digest | None = Field(
        None,
        description="Go back only if the present pod template has this digest. Filled in before the step is done.",
    )


class UndoOutputs(Outputs):
    """What became of it."""

    revision: int = Field(description="The revision gone back to, as it was numbered before.")
    changed: bool = Field(description="False when the workload had this pod template already.")
    generation: int = Field(description="Number of the workload's specification after the change.")
    images: tuple[str, ...] = Field(description="Images of its containers now; 20 at most.")


async def perform(p: UndoParameters, context: Context) -> UndoOutputs:
    """Go back; does nothing when the pod template is that one already."""
    api, workload = await _read(p, context)
    now = digest(template_of(workload))
    if p.template is not None and now == p.template:
        return _outputs(p.revision or 0, workload, changed=False)
    if p.from_template is not None and now != p.from_template:
        raise PermanentError(f"{title(p)}: its pod template is not the one that was to be undone; somebody changed it")
    revision = await _chosen(api, p, workload)
    if digest(revision.template) == now:
        return _outputs(revision.number, workload, changed=False)
    _refuse_paused(p, workload)
    return await _write(api, p, workload, revision)


async def resolve(p: UndoParameters, context: Context) -> Intent[UndoParameters]:
    """Name the revision; record the digest of the present pod template."""
    api, workload = await _read(p, context)
    revision = await _chosen(api, p, workload)
    now = digest(template_of(workload))
    _refuse_paused(p, workload)
    fixed = {"revision": revision.number, "template": digest(revision.template), "from_template": now}
    return Intent(p.model_copy(update=fixed), {"template": now})


async def happened(intent: Intent[UndoParameters], context: Context) -> bool | None:
    """Whether the pod template is the one wanted; None when it is neither that nor the one before."""
    _, workload = await _read(intent.parameters, context)
    now = digest(template_of(workload))
    if now == intent.parameters.template:
        return True
    return False if now == intent.before.get("template") else None


async def preview(p: UndoParameters, context: Context) -> str:
    """Show what would change, by the server's dry run."""
    api, workload = await _read(p, context)
    revision = await _chosen(api, p, workload)
    if digest(revision.template) == digest(template_of(workload)):
        return f"{title(p)}: nothing would change; it has the pod template of revision {revision.number}"
    _refuse_paused(p, workload)
    answer = await _roll(api, p, workload, revision, dry_run=True)
    shown = difference(title(p), workload, answer)
    return f"{shown}\nBack to revision {revision.number} ({clean(revision.name, 253)}). {consequence(workload)}"


async def caution(p: UndoParameters, context: Context) -> str:
    """Say who would put the template back, and whether somebody else's rollout is in progress."""
    return await caution_of(await open_api(context, p.connection), p, keeps=KEEPS_ALL)


async def undo(intent: Intent[UndoParameters], context: Context) -> UndoOutputs:
    """Bring back the pod template that was undone, if the present one is still what we set; else PermanentError."""
    p, former = intent.parameters, str(intent.before.get("template") or "")
    api, workload = await _read(p, context)
    now = digest(template_of(workload))
    if now == former:
        return _outputs(0, workload, changed=False)
    if now != p.template:
        raise PermanentError(f"{title(p)}: its pod template is not the one that we set; somebody changed it")
    _refuse_paused(p, workload)
    revision = revision_like(await read_revisions(api, p, workload), former)
    if revision is None:
        raise PermanentError(f"{title(p)}: no revision has the former pod template any more")
    return await _write(api, p, workload, revision)


async def _read(p: UndoParameters, context: Context) -> tuple[Api, Document]:
    api = await open_api(context, p.connection)
    workload = await read_workload(api, p)
    if not text(workload, "metadata", "resourceVersion") or not section(workload, "spec", "template"):
        raise PermanentError(f"GET {path(p)}: the answer is not a workload")
    return api, workload


async def _chosen(api: Api, p: UndoParameters, workload: Document) -> Revision:
    """Return the revision asked for, by its digest if it is known; else the second newest, as kubectl does."""
    revisions = await read_revisions(api, p, workload)
    if p.template is not None:
        found = revision_like(revisions, p.template)
    elif p.revision is not None:
        found = next((revision for revision in revisions if revision.number == p.revision), None)
    else:
        # The newest specification has no revision yet, so the second newest would be one too many back.
        if number(workload, "metadata", "generation") > number(workload, "status", "observedGeneration"):
            raise TemporaryError(f"{title(p)}: its controller has not observed the newest specification")
        found = revisions[-2] if len(revisions) > 1 else None
        if found is None:
            raise PermanentError(f"{title(p)}: there is no earlier revision to go back to")
    if found is None or not section(found.template, "spec"):
        known = clean(", ".join(str(revision.number) for revision in revisions[-20:]), 200) or "none"
        raise PermanentError(f"{title(p)}: revision {p.revision} is not in its history; there are: {known}")
    return found


async def _write(api: Api, p: UndoParameters, workload: Document, revision: Revision) -> UndoOutputs:
    return _outputs(revision.number, await _roll(api, p, workload, revision), changed=True)


async def _roll(
    api: Api, p: UndoParameters, workload: Document, revision: Revision, *, dry_run: bool = False
) -> Document:
    media = rollback_patch(workload, revision)[1]
    return await patch_as_read(
        api, path(p), workload, lambda now: rollback_patch(now, revision)[0], media, dry_run=dry_run
    )


def _outputs(revision: int, workload: Document, *, changed: bool) -> UndoOutputs:
    containers = objects(workload, "spec", "template", "spec", "containers")[:20]
    return UndoOutputs(
        revision=revision,
        changed=changed,
        generation=number(workload, "metadata", "generation"),
        images=tuple(clean(item.get("image"), 300) for item in containers),
    )


def _refuse_paused(p: UndoParameters, workload: Document) -> None:
    if flag(workload, "spec", "paused"):
        raise PermanentError(f"{title(p)} is paused; resume its rollout first")


def _permissions(p: UndoParameters) -> tuple[Permission, ...]:
    return (right(p, "get"), right(p, "patch"), revision_right(p))


ACTION = Action(
    name="kubernetes.rollout_undo",
    summary="Brings back a workload's previous or a named revision, as kubectl rollout undo does; its pods restart.",
    parameters=UndoParameters,
    outputs=UndoOutputs,
    perform=perform,
    backend=backend,
    changes=True,
    # "The one before the newest" a second time is the one that was undone.
    idempotent=lambda p: p.revision is not None,
    targets=targets,
    resolve=resolve,
    happened=happened,
    preview=preview,
    caution=caution,
    needs_approval=True,
    undo=undo,
    permissions=_permissions,
)
