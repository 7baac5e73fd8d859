"""Requests that make, change and remove objects, and how to tell one refusal from another.

Creating is a POST, which aiohttp sends once. Removing carries the uid and the version of what was
looked at: should it be sent twice, the second finds nothing to remove.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from remediator.actions.kubernetes.api import FIELD_MANAGER, Api, Body
from remediator.actions.kubernetes.documents import Document, section, text
from remediator.actions.kubernetes.refusals import AbsentError
from remediator.errors import ActionError, TemporaryError

_DRY = ("dryRun", "All")
_TRIES = 5  # as often as Kubernetes' own clients send what met a conflict
# What the server and the controllers write by themselves; the annotation is the deployment controller's.
_THEIRS = ("resourceVersion", "managedFields")
_REVISION = "deployment.kubernetes.io/revision"


async def create(api: Api, path: str, body: Document, *, dry_run: bool = False) -> Document:
    """Create an object below this path; return it as it then is, or would be."""
    query = [("fieldManager", FIELD_MANAGER), *([_DRY] if dry_run else [])]
    return await api.request("POST", path, query=query, body=body, changes=not dry_run)


async def remove(api: Api, path: str, found: Document) -> None:
    """Remove this very object, as it was read; what it owns is removed by the cluster. Absent is removed."""
    body: Document = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": "Background",
        "preconditions": {
            "uid": text(found, "metadata", "uid"),
            "resourceVersion": text(found, "metadata", "resourceVersion"),
        },
    }
    try:
        await api.request("DELETE", path, body=body, changes=True)
    except AbsentError:
        return


async def patch_as_read(
    api: Api, path: str, found: Document, make: Callable[[Document], Body], media: str, *, dry_run: bool = False
) -> Document:
    """Patch an object if it still is as it was read, its status aside; return it as it then is, or would be.

    ``make`` returns the patch, bound to the version of the object that it is given. Controllers write the status
    of a workload several times a second while it rolls out, and each time the version is another one: such a
    conflict is none. Then the patch is made for the version that is there now. Raises TemporaryError (409) when
    somebody wrote anything else, or the status is written faster than we can read.
    """
    for left in reversed(range(_TRIES)):
        try:
            return await api.patch(path, make(found), media, dry_run=dry_run)
        except TemporaryError as error:
            if not left or not answered(error, "PATCH", path, HTTPStatus.CONFLICT):
                raise
            now = await api.get(path)
            if _written(now) != _written(found):
                raise
            found = now
    raise AssertionError  # the last try returns or raises


def _written(item: Document) -> dict[str, Any]:
    """Return an object without what is written by itself."""
    metadata = {key: value for key, value in section(item, "metadata").items() if key not in _THEIRS}
    metadata["annotations"] = {
        key: value for key, value in section(metadata, "annotations").items() if key != _REVISION
    }
    return {**{key: value for key, value in item.items() if key != "status"}, "metadata": metadata}


async def find(api: Api, path: str) -> Document | None:
    """Return one object, or None when the server says that there is none."""
    try:
        return await api.get(path)
    except AbsentError:
        return None


def answered(error: ActionError, method: str, path: str, status: int) -> bool:
    """Whether this refusal is the server's answer with this status to this very request."""
    return str(error).startswith(f"{method} {path}: {int(status)} ")
