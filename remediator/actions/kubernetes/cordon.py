"""``kubernetes.cordon`` and ``kubernetes.uncordon``: whether new pods may be scheduled on a node."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import Api, open_api
from remediator.actions.kubernetes.difference import difference
from remediator.actions.kubernetes.documents import text
from remediator.actions.kubernetes.node import (
    NodeParameters,
    is_cordoned,
    node_backend,
    node_rights,
    node_targets,
    read_node,
    set_cordoned,
)
from remediator.core.action import Action, Intent, Outputs
from remediator.errors import PermanentError


class CordonOutputs(Outputs):
    """What became of the node."""

    cordoned: bool = Field(description="Whether pods are kept from the node now.")
    changed: bool = Field(description="False when that was so already.")


async def resolve(p: NodeParameters, context: Context) -> Intent[NodeParameters]:
    """Record whether the node was cordoned, and which node it was."""
    node = await read_node(await open_api(context, p.connection), p)
    return Intent(p, {"cordoned": is_cordoned(node), "uid": text(node, "metadata", "uid")})


async def undo(intent: Intent[NodeParameters], context: Context) -> CordonOutputs:
    """Put back whether it was cordoned; PermanentError when another node has its name now."""
    p, before = intent.parameters, intent.before
    api = await open_api(context, p.connection)
    return await put_back(api, p, before)


async def put_back(api: Api, p: NodeParameters, before: Any) -> CordonOutputs:
    """Set what ``before`` says of the node; nothing to do where somebody has done so."""
    if not isinstance(before.get("cordoned"), bool):
        raise PermanentError("whether the node was cordoned is not known")
    node = await read_node(api, p)
    if text(node, "metadata", "uid") != before.get("uid"):
        raise PermanentError(f"node {p.node} is another one now; somebody has replaced it")
    return await _set(api, p, cordoned=before["cordoned"])


async def _set(api: Api, p: NodeParameters, *, cordoned: bool) -> CordonOutputs:
    if is_cordoned(await read_node(api, p)) == cordoned:
        return CordonOutputs(cordoned=cordoned, changed=False)
    answer = await set_cordoned(api, p, cordoned=cordoned)
    return CordonOutputs(cordoned=is_cordoned(answer), changed=True)


def _perform(*, cordoned: bool) -> Callable[[NodeParameters, Any], Awaitable[CordonOutputs]]:
    async def perform(p: NodeParameters, context: Context) -> CordonOutputs:
        return await _set(await open_api(context, p.connection), p, cordoned=cordoned)

    return perform


def _happened(*, cordoned: bool) -> Callable[[Intent[NodeParameters], Any], Awaitable[bool | None]]:
    async def happened(intent: Intent[NodeParameters], context: Context) -> bool | None:
        p = intent.parameters
        return is_cordoned(await read_node(await open_api(context, p.connection), p)) == cordoned

    return happened


def _preview(*, cordoned: bool) -> Callable[[NodeParameters, Any], Awaitable[str]]:
    async def preview(p: NodeParameters, context: Context) -> str:
        api = await open_api(context, p.connection)
        node = await read_node(api, p)
        if is_cordoned(node) == cordoned:
            return f"node {p.node}: nothing would change"
        return difference(f"node {p.node}", node, await set_cordoned(api, p, cordoned=cordoned, dry_run=True))

    return preview


def _action(name: str, summary: str, *, cordoned: bool) -> Action[NodeParameters, CordonOutputs]:
    return Action(
        name=f"kubernetes.{name}",
        summary=summary,
        parameters=NodeParameters,
        outputs=CordonOutputs,
        perform=_perform(cordoned=cordoned),
        backend=node_backend,
        changes=True,
        targets=node_targets,
        resolve=resolve,
        happened=_happened(cordoned=cordoned),
        preview=_preview(cordoned=cordoned),
        undo=undo,
        undo_is_safe=True,
        amounts=lambda _: {"nodes": 1},
        permissions=lambda _: node_rights(),
    )


CORDON = _action("cordon", "Keeps new pods from a node; those that run there stay.", cordoned=True)
UNCORDON = _action("uncordon", "Lets pods be scheduled on a node again.", cordoned=False)
