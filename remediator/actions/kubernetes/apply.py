"""``kubernetes.apply``: one object as a guide has it, by server-side apply, under our own field manager.

What other managers own is a conflict and stays theirs, unless ``force`` is said. What the change is,
is asked of the server beforehand (a dry run): that is what the step waits for to be, and what undo
takes back: field by field, and only while each still is what we made it.

Source: Kubernetes, "Server-Side Apply": PATCH of ``application/apply-patch+yaml``, which JSON is.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Self

from pydantic import Field, model_validator

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import FIELD_MANAGER, MERGE_PATCH, Api, open_api
from remediator.actions.kubernetes.caution import KEEPS_ALL, put_back
from remediator.actions.kubernetes.difference import difference
from remediator.actions.kubernetes.documents import Document, clean, number, objects, section, text
from remediator.actions.kubernetes.field_changes import changes_between, patch_back, recorded
from remediator.actions.kubernetes.manifest import (
    Manifest,
    amounts_of,
    at,
    group_of,
    place_of,
    resource_of,
)
from remediator.actions.kubernetes.names import ConnectionName, Label
from remediator.actions.kubernetes.writing import answered, find, patch_as_read, remove
from remediator.core.action import Action, Intent, Outputs, Parameters, Permission
from remediator.errors import PermanentError, TemporaryError

APPLY_PATCH = "application/apply-patch+yaml"


class ApplyParameters(Parameters):
    """What there shall be."""

    namespace: Label = Field(description="The object's namespace.")
    manifest: Manifest = Field(
        description="The object: apiVersion, kind, metadata.name and whatever of it shall be so. Of one namespace; "
        "no Secret. 64 KiB at most."
    )
    force: bool = Field(False, description="Take fields over that others own; else that is refused.")
    resource: str | None = Field(
        None,
        pattern="^[a-z][a-z0-9]{0,62}$",
        description="What the kind is called in paths and roles. Default: its plural (Deployment: deployments).",
    )
    connection: ConnectionName = Field("default", description="Name of an entry under connections.kubernetes.")

    @model_validator(mode="after")
    def _one_namespace(self) -> Self:
        if text(self.manifest, "metadata", "namespace") not in {"", self.namespace}:
            raise ValueError("the manifest's namespace is not the step's")
        return self


class ApplyOutputs(Outputs):
    """What became of it."""

    created: bool = Field(description="Whether it was not there before.")
    changed: bool = Field(description="False when all was so already.")
    generation: int = Field(description="Number of its specification now; 0 where the kind has none.")


async def perform(p: ApplyParameters, context: Context) -> ApplyOutputs:
    """Apply it; a conflict with another manager is refused."""
    api = await open_api(context, p.connection)
    found = await find(api, _place(p))
    answer = await _apply(api, p)
    version = text(answer, "metadata", "resourceVersion")
    return ApplyOutputs(
        created=found is None,
        changed=found is None or version != text(found, "metadata", "resourceVersion"),
        generation=number(answer, "metadata", "generation"),
    )


async def resolve(p: ApplyParameters, context: Context) -> Intent[ApplyParameters]:
    """Record what would change, field by field: what it is, and what it would be."""
    api = await open_api(context, p.connection)
    found = await find(api, _place(p))
    answer = await _apply(api, p, dry_run=True)
    changes = changes_between(p.manifest, found, answer)
    before = {"existed": found is not None, "uid": text(found, "metadata", "uid"), "changes": changes}
    return Intent(p, before)


async def happened(intent: Intent[ApplyParameters], context: Context) -> bool | None:
    """Whether every field is what it was to be; None when only some are, or somebody made it another."""
    p = intent.parameters
    found = await find(await open_api(context, p.connection), _place(p))
    if found is None:
        return False
    changes = recorded(intent.before)
    if all(at(found, path) == new for path, _, new in changes):
        return True
    return False if intent.before.get("existed") and all(at(found, path) == old for path, old, _ in changes) else None


async def preview(p: ApplyParameters, context: Context) -> str:
    """Show what would change, by the server's dry run; conflicts are found here."""
    api = await open_api(context, p.connection)
    found = await find(api, _place(p))
    answer = await _apply(api, p, dry_run=True)
    return difference(f"{_title(p)}{'' if found else ' (new)'}", found or {}, answer)


async def caution(p: ApplyParameters, context: Context) -> str:
    """Say who looks after the object and would put this back."""
    found = await find(await open_api(context, p.connection), _place(p))
    return put_back(found, keeps=KEEPS_ALL) if found is not None else ""


async def undo(intent: Intent[ApplyParameters], context: Context) -> ApplyOutputs:
    """Put back each field that changed, or remove what was created; PermanentError if any was changed since."""
    p, changes = intent.parameters, recorded(intent.before)
    api = await open_api(context, p.connection)
    found = await find(api, _place(p))
    existed = intent.before.get("existed") is True
    if found is None:
        if existed:
            raise PermanentError(f"{_title(p)} is not there any more; somebody has removed it")
        return ApplyOutputs(created=False, changed=False, generation=0)
    if existed and all(at(found, path) == old for path, old, _ in changes):
        return ApplyOutputs(created=False, changed=False, generation=number(found, "metadata", "generation"))
    if existed and text(found, "metadata", "uid") != intent.before.get("uid"):
        raise PermanentError(f"{_title(p)} is another one now; somebody has replaced it")
    if changed := [".".join(path) for path, _, new in changes if at(found, path) != new]:
        raise PermanentError(f"{_title(p)}: somebody changed {clean(', '.join(changed), 300)} since")
    if not existed:
        _refuse_others(p, found)
        await remove(api, _place(p), found)
        return ApplyOutputs(created=False, changed=True, generation=0)
    answer = await patch_as_read(api, _place(p), found, lambda now: patch_back(now, changes), MERGE_PATCH)
    return ApplyOutputs(created=False, changed=True, generation=number(answer, "metadata", "generation"))


async def _apply(api: Api, p: ApplyParameters, *, dry_run: bool = False) -> Document:
    metadata = {**section(p.manifest, "metadata"), "namespace": p.namespace}
    query = [
        ("fieldManager", FIELD_MANAGER),
        ("fieldValidation", "Strict"),
        ("force", "true" if p.force else "false"),
        *([("dryRun", "All")] if dry_run else []),
    ]
    body = {**p.manifest, "metadata": metadata}
    try:
        return await api.request("PATCH", _place(p), query=query, body=body, media=APPLY_PATCH, changes=not dry_run)
    except TemporaryError as error:
        # Of a write in between the server says nothing here: it tries again by itself.
        if answered(error, "PATCH", _place(p), HTTPStatus.CONFLICT) and "conflict" in str(error).lower():
            raise PermanentError(
                f"{_title(p)}: others own what would change (force: true takes it): {error}"
            ) from error
        raise


def _refuse_others(p: ApplyParameters, found: Document) -> None:
    """Raise PermanentError when somebody else has written to what we created, its status aside."""
    entries = objects(found, "metadata", "managedFields")
    writers = {text(entry, "manager") for entry in entries if entry.get("subresource") != "status"}
    if others := writers - {FIELD_MANAGER}:
        raise PermanentError(
            f"{_title(p)}: {clean(', '.join(sorted(others)), 200)} changed it since; it is not removed"
        )


def _place(p: ApplyParameters) -> str:
    return place_of(p.manifest, p.namespace, _resource(p))


def _resource(p: ApplyParameters) -> str:
    return p.resource or resource_of(text(p.manifest, "kind"))


def _title(p: ApplyParameters) -> str:
    return f"{text(p.manifest, 'kind').lower()} {p.namespace}/{text(p.manifest, 'metadata', 'name')}"


def _targets(p: ApplyParameters) -> tuple[str, ...]:
    name = text(p.manifest, "metadata", "name")
    return (f"kubernetes/{p.connection}/{p.namespace}/{text(p.manifest, 'kind').lower()}/{name}",)


def _permissions(p: ApplyParameters) -> tuple[Permission, ...]:
    kind = text(p.manifest, "kind")
    if not kind:
        return ()  # the page is made with no manifest: what it needs depends on the kind
    # Creating by apply takes both; undo of what was created takes delete.
    verbs = ("get", "create", "patch", "delete")
    return tuple(Permission(verb, _resource(p), p.namespace, group_of(p.manifest)) for verb in verbs)


ACTION = Action(
    name="kubernetes.apply",
    summary="Makes one object what a guide says, by server-side apply.",
    parameters=ApplyParameters,
    outputs=ApplyOutputs,
    perform=perform,
    backend=lambda p: f"kubernetes/{p.connection}",
    changes=True,
    targets=_targets,
    resolve=resolve,
    happened=happened,
    preview=preview,
    caution=caution,
    amounts=lambda p: amounts_of(p.manifest),
    undo=undo,  # not by itself: what was created may hold data by now
    permissions=_permissions,
)
