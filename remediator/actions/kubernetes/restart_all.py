"""``kubernetes.restart_all``: new pods for the workloads of a namespace, a few workloads at a time.

Each as ``kubernetes.rollout_restart`` does it, by one annotation with one time: done again, those
that have it are left alone. What would not restart (paused, OnDelete, scaled to zero) is left out.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import Api, open_api
from remediator.actions.kubernetes.caution import KEEPS_PODS, caution_about
from remediator.actions.kubernetes.documents import Document, flag, text
from remediator.actions.kubernetes.names import Kind
from remediator.actions.kubernetes.namespace_workloads import (
    MOST,
    Chosen,
    NamespaceParameters,
    chosen,
    in_stages,
    is_complete,
    listed,
    namespace_rights,
    namespace_targets,
    of,
)
from remediator.actions.kubernetes.protection import refuse_protected
from remediator.actions.kubernetes.restart import ANNOTATION, TIME, RestartParameters, stamp_of
from remediator.actions.kubernetes.restart import perform as restart_one
from remediator.actions.kubernetes.restart import preview as preview_one
from remediator.actions.kubernetes.workloads import read_workload, replicas_of, strategy_of
from remediator.core.action import Action, Intent, Outputs
from remediator.errors import PermanentError

_CAUTIONS = 3


class RestartAllParameters(NamespaceParameters):
    """Which workloads to restart."""

    kinds: tuple[Kind, ...] = Field(
        ("deployment", "statefulset", "daemonset"), min_length=1, max_length=3, description="Workloads of these kinds."
    )
    restarted_at: Annotated[str, Field(pattern=TIME)] | None = Field(
        None, description="The annotation's value, RFC 3339. Default: when the step begins."
    )
    workloads: tuple[Chosen, ...] | None = Field(
        None, max_length=MOST, description="The very workloads. Filled in before the step is done."
    )
    left_out: tuple[str, ...] = Field(
        (), max_length=MOST, description="Those that would not restart. Filled in before the step is done."
    )


class RestartAllOutputs(Outputs):
    """What became of them."""

    workloads: tuple[str, ...] = Field(description="Workloads that were to be restarted: deployment/web.")
    left_out: tuple[str, ...] = Field(description="Workloads that would not restart, each with its reason.")
    changed: int = Field(description="Workloads whose restart was asked for now.")
    restarted_at: str = Field(description="The annotation's value.")


async def perform(p: RestartAllParameters, context: Context) -> RestartAllOutputs:
    """Restart them in stages, each waited for."""
    api = await open_api(context, p.connection)
    stamp = p.restarted_at or stamp_of(context.now)
    items, left_out = (p.workloads, p.left_out) if p.workloads is not None else await _choose(api, p, context)

    async def change(item: Chosen) -> bool:
        return (await restart_one(_one(p, item, stamp), context)).changed

    changed = await in_stages(api, p, items, change, lambda workload, _: is_complete(workload))
    return RestartAllOutputs(
        workloads=tuple(item.title for item in items), left_out=left_out, changed=changed, restarted_at=stamp
    )


async def resolve(p: RestartAllParameters, context: Context) -> Intent[RestartAllParameters]:
    """Choose the workloads and fix the time."""
    items, left_out = await _choose(await open_api(context, p.connection), p, context)
    fixed = {"workloads": items, "left_out": left_out, "restarted_at": p.restarted_at or stamp_of(context.now)}
    return Intent(p.model_copy(update=fixed), {"workloads": [item.title for item in items]})


async def happened(intent: Intent[RestartAllParameters], context: Context) -> bool | None:
    """Whether all have our annotation; None when only some have."""
    p = intent.parameters
    api = await open_api(context, p.connection)
    found = [await read_workload(api, of(p, item)) for item in p.workloads or ()]
    ours = [text(one, "spec", "template", "metadata", "annotations", ANNOTATION) == p.restarted_at for one in found]
    return True if all(ours) else None if any(ours) else False


async def preview(p: RestartAllParameters, context: Context) -> str:
    """Name the workloads that would be restarted; each is asked of the server as a dry run."""
    items, left_out = await _choose(await open_api(context, p.connection), p, context)
    stamp = p.restarted_at or stamp_of(context.now)
    for item in items:
        await preview_one(_one(p, item, stamp), context)
    lines = [f"{item.title} would be restarted" for item in items]
    return "\n".join([f"{len(items)} workloads, {p.at_a_time} at a time", *lines, *left_out])


async def caution(p: RestartAllParameters, context: Context) -> str:
    """Say what speaks against it, for the first three workloads of which something does."""
    found = []
    for kind, workload in await listed(await open_api(context, p.connection), p, p.kinds):
        if said := caution_about(workload, keeps=KEEPS_PODS):
            found.append(f"{kind}/{text(workload, 'metadata', 'name')}: {said}")
    return "; ".join(found[:_CAUTIONS])


async def _choose(api: Api, p: RestartAllParameters, context: Context) -> tuple[tuple[Chosen, ...], tuple[str, ...]]:
    """Return the workloads that would restart, and those that would not, with their reasons."""
    items, left_out = [], []
    for kind, workload in await listed(api, p, tuple(dict.fromkeys(p.kinds))):
        item = chosen(Chosen, kind=kind, name=text(workload, "metadata", "name"))
        refuse_protected(context, f"{namespace_targets(p)[0]}/{item.title}")
        if why := _why_not(workload):
            left_out.append(f"{item.title} ({why})")
        else:
            items.append(item)
    if not items:
        raise PermanentError(f"namespace {p.namespace} has nothing that would restart: {', '.join(left_out[:5])}")
    return tuple(items), tuple(left_out)


def _why_not(workload: Document) -> str:
    if flag(workload, "spec", "paused"):
        return "it is paused"
    if strategy_of(workload) == "OnDelete":
        return "it updates OnDelete"
    return "it has no replicas" if not replicas_of(workload) else ""


def _one(p: RestartAllParameters, item: Chosen, stamp: str) -> RestartParameters:
    return RestartParameters(
        kind=item.kind, name=item.name, namespace=p.namespace, connection=p.connection, restarted_at=stamp
    )


ACTION = Action(
    name="kubernetes.restart_all",
    summary="Replaces the pods of a namespace's workloads, a few workloads at a time.",
    parameters=RestartAllParameters,
    outputs=RestartAllOutputs,
    perform=perform,
    backend=lambda p: f"kubernetes/{p.connection}",
    changes=True,
    idempotent=lambda p: p.restarted_at is not None and p.workloads is not None,
    targets=namespace_targets,
    resolve=resolve,
    happened=happened,
    preview=preview,
    caution=caution,
    permissions=lambda p: namespace_rights(p, p.kinds, "list", "get", "patch"),
)
