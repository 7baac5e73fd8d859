"""Requests that make and remove objects, and how to tell one refusal from another.

Creating is a POST, which aiohttp sends once. Removing carries the uid and the version of what was
looked at: should it be sent twice, the second finds nothing to remove.
"""

from __future__ import annotations

from remediator.actions.kubernetes.api import FIELD_MANAGER, Api
from remediator.actions.kubernetes.documents import Document, text
from remediator.actions.kubernetes.refusals import AbsentError
from remediator.errors import ActionError

_DRY = ("dryRun", "All")


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


async def find(api: Api, path: str) -> Document | None:
    """Return one object, or None when the server says that there is none."""
    try:
        return await api.get(path)
    except AbsentError:
        return None


def answered(error: ActionError, method: str, path: str, status: int) -> bool:
    """Whether this refusal is the server's answer with this status to this very request."""
    return str(error).startswith(f"{method} {path}: {int(status)} ")
