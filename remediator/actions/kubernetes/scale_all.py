"""``kubernetes.scale_all``: the replicas of a namespace's deployments and statefulsets, a few at a time.

Which workloads, and from how many to how many, is decided once, before anything happens; done again,
it sets the same counts. The earlier counts are its output too, so that a later step can ask for them.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from remediator.actions.context import Context
from remediator.actions.kubernetes.amount import Count
from remediator.actions.kubernetes.api import Api, open_api
from remediator.actions.kubernetes.caution import KEEPS_COUNTS, caution_about
from remediator.actions.kubernetes.counts import set_replicas
from remediator.actions.kubernetes.documents import Document, number, section, text
from remediator.actions.kubernetes.namespace_workloads import (
    MOST,
    Chosen,
    NamespaceParameters,
    chosen,
    in_stages,
    listed,
    namespace_rights,
    namespace_targets,
    of,
)
from remediator.actions.kubernetes.protection import refuse_protected
from remediator.actions.kubernetes.quotas import added, pods_of, quota_right, shortages, with_shortages
from remediator.actions.kubernetes.workloads import path, read_workload, replicas_of
from remediator.core.action import Action, Intent, Outputs, Permission
from remediator.errors import PermanentError

Scaled = Literal["deployment", "statefulset"]
_KINDS: tuple[Scaled, ...] = ("deployment", "statefulset")
_CAUTIONS = 3

Which = Annotated[str, StringConstraints(max_length=270, pattern=r"^(?:deployment|statefulset)/[a-z0-9][-a-z0-9.]*$")]


class Counted(Chosen):
    """One workload, and its counts."""

    from_replicas: Count = Field(description="How many there were.")
    to_replicas: Count = Field(description="How many there shall be.")


class ScaleAllParameters(NamespaceParameters):
    """Which workloads, and how many replicas: ``replicas`` for each, or ``counts`` by name."""

    kinds: tuple[Scaled, ...] = Field(_KINDS, min_length=1, max_length=2, description="Workloads of these kinds.")
    replicas: Count | None = Field(None, description="How many each shall have. Instead of counts.")
    counts: dict[Which, Count] | None = Field(
        None,
        min_length=1,
        max_length=MOST,
        description="How many, by workload (deployment/web: 3); others are left alone. What an earlier step gives as "
        "its counts can be handed over whole.",
    )
    workloads: tuple[Counted, ...] | None = Field(
        None, max_length=MOST, description="The very workloads. Filled in before the step is done."
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.replicas is None) == (self.counts is None):
            raise ValueError('give either "replicas" or "counts"')
        return self


class ScaleAllOutputs(Outputs):
    """What became of them."""

    workloads: int = Field(description="Workloads that were to be scaled.")
    changed: int = Field(description="Workloads whose count was changed now.")
    counts: dict[str, int] = Field(description="How many each had when the step was decided, by deployment/web.")


async def perform(p: ScaleAllParameters, context: Context) -> ScaleAllOutputs:
    """Set the counts, in stages; a count that somebody changed since is left alone, and ends it."""
    api = await open_api(context, p.connection)
    items = p.workloads if p.workloads is not None else await _choose(api, p, context)
    changed = await _set_all(api, p, items)
    return ScaleAllOutputs(
        workloads=len(items), changed=changed, counts={item.title: item.from_replicas for item in items}
    )


async def resolve(p: ScaleAllParameters, context: Context) -> Intent[ScaleAllParameters]:
    """Choose the workloads and record their counts."""
    items = await _choose(await open_api(context, p.connection), p, context)
    return Intent(
        p.model_copy(update={"workloads": items}), {"counts": {item.title: item.from_replicas for item in items}}
    )


async def happened(intent: Intent[ScaleAllParameters], context: Context) -> bool | None:
    """Whether all counts are ours; None when only some are, or somebody set others."""
    p = intent.parameters
    api = await open_api(context, p.connection)
    items = p.workloads or ()
    now = [number(await _read(api, p, item), "spec", "replicas") for item in items]
    if all(count == item.to_replicas for count, item in zip(now, items, strict=True)):
        return True
    return False if all(count == item.from_replicas for count, item in zip(now, items, strict=True)) else None


async def preview(p: ScaleAllParameters, context: Context) -> str:
    """List the counts that would change, each asked of the server as a dry run, and quotas that have no room."""
    api = await open_api(context, p.connection)
    lines, growing = [], []
    for item in await _choose(api, p, context):
        if item.from_replicas != item.to_replicas:
            scale = await _read(api, p, item)
            await set_replicas(api, path(of(p, item), "scale"), scale, item.to_replicas, dry_run=True)
            lines.append(f"{item.title}: {item.from_replicas} -> {item.to_replicas} replicas")
        if item.from_replicas < item.to_replicas:
            template = section(await read_workload(api, of(p, item)), "spec", "template")
            after, before = pods_of(template, item.to_replicas), pods_of(template, item.from_replicas)
            growing.append((template, added(after, before)))
    shown = "\n".join(lines) or f"namespace {p.namespace}: nothing would change"
    return with_shortages(shown, await shortages(api, p.namespace, growing))


async def caution(p: ScaleAllParameters, context: Context) -> str:
    """Say what speaks against it, for the first three workloads of which something does."""
    found = []
    for kind, workload in await listed(await open_api(context, p.connection), p, p.kinds):
        if said := caution_about(workload, keeps=KEEPS_COUNTS):
            found.append(f"{kind}/{text(workload, 'metadata', 'name')}: {said}")
    return "; ".join(found[:_CAUTIONS])


async def undo(intent: Intent[ScaleAllParameters], context: Context) -> ScaleAllOutputs:
    """Put the counts back, in stages; PermanentError, before any, when somebody has changed one since."""
    p = intent.parameters
    api = await open_api(context, p.connection)
    earlier = section(dict(intent.before), "counts")
    items = []
    for item in p.workloads or ():
        if earlier.get(item.title) != item.from_replicas:
            raise PermanentError(f"the earlier number of replicas of {item.title} is not known")
        now = number(await _read(api, p, item), "spec", "replicas")
        if now not in {item.from_replicas, item.to_replicas}:
            words = f"has {now} replicas, not the {item.to_replicas} that we set; somebody changed it"
            raise PermanentError(f"{item.title} of {p.namespace} {words}")
        items.append(item.model_copy(update={"from_replicas": item.to_replicas, "to_replicas": item.from_replicas}))
    changed = await _set_all(api, p, tuple(items))
    return ScaleAllOutputs(
        workloads=len(items), changed=changed, counts={item.title: item.from_replicas for item in items}
    )


async def _set_all(api: Api, p: ScaleAllParameters, items: tuple[Counted, ...]) -> int:
    async def change(item: Counted) -> bool:
        scale = await _read(api, p, item)
        now = number(scale, "spec", "replicas")
        if now == item.to_replicas:
            return False
        if now != item.from_replicas:
            words = f"was meant to go from {item.from_replicas} to {item.to_replicas} replicas"
            raise PermanentError(f"{item.title} of {p.namespace} {words}, but somebody set it to {now}")
        await set_replicas(api, path(of(p, item), "scale"), scale, item.to_replicas)
        return True

    return await in_stages(api, p, items, change, _settled)


def _settled(workload: Document, item: Counted) -> bool:
    """Whether there are as many as asked for, all ready. Not the rollout's rules: nothing was rolled out."""
    seen = number(workload, "status", "observedGeneration") >= number(workload, "metadata", "generation")
    there, ready = (number(workload, "status", name) for name in ("replicas", "readyReplicas"))
    return seen and there == ready == item.to_replicas


async def _choose(api: Api, p: ScaleAllParameters, context: Context) -> tuple[Counted, ...]:
    found = []
    for kind, workload in await listed(api, p, p.kinds):
        name = text(workload, "metadata", "name")
        wanted = p.replicas if p.counts is None else p.counts.get(f"{kind}/{name}")
        if wanted is not None:
            refuse_protected(context, f"{namespace_targets(p)[0]}/{kind}/{name}")
            there = replicas_of(workload)
            found.append(chosen(Counted, kind=kind, name=name, from_replicas=there, to_replicas=wanted))
    missing = set(p.counts or ()) - {item.title for item in found}
    if missing:
        raise PermanentError(f"namespace {p.namespace} has no {', '.join(sorted(missing)[:5])}")
    await _refuse_autoscaled(api, p, found)
    return tuple(found)


async def _refuse_autoscaled(api: Api, p: ScaleAllParameters, items: list[Counted]) -> None:
    """Refuse counts that an autoscaler would change at once. At zero it rests, so to zero and back it may go."""
    found = await api.list(f"/apis/autoscaling/v2/namespaces/{p.namespace}/horizontalpodautoscalers", pages=20)
    if not found.complete:
        raise PermanentError(f"namespace {p.namespace} has too many autoscalers to look through")
    owned = {
        f"{text(item, 'spec', 'scaleTargetRef', 'kind').lower()}/{text(item, 'spec', 'scaleTargetRef', 'name')}"
        for item in found.items
    }
    for item in items:
        if item.title in owned and item.to_replicas and item.from_replicas not in {0, item.to_replicas}:
            raise PermanentError(f"{item.title} of {p.namespace} is scaled by an autoscaler; exclude it")


async def _read(api: Api, p: ScaleAllParameters, item: Counted) -> Document:
    place = path(of(p, item), "scale")
    scale = await api.get(place)
    if scale.get("kind") != "Scale" or not text(scale, "metadata", "resourceVersion"):
        raise PermanentError(f"GET {place}: the answer is not a scale")
    return scale


def _amounts(p: ScaleAllParameters) -> dict[str, float]:
    """Return the highest count that any of them gets."""
    return {"replicas": p.replicas if p.replicas is not None else max((p.counts or {}).values(), default=0)}


def _permissions(p: ScaleAllParameters) -> tuple[Permission, ...]:
    workloads = namespace_rights(p, p.kinds, "list", "get", "get scale", "patch scale")
    autoscalers = Permission("list", "horizontalpodautoscalers", p.namespace, "autoscaling")
    return (*workloads, autoscalers, quota_right(p.namespace))


ACTION = Action(
    name="kubernetes.scale_all",
    summary="Sets the replicas of a namespace's deployments and statefulsets, a few at a time.",
    parameters=ScaleAllParameters,
    outputs=ScaleAllOutputs,
    perform=perform,
    backend=lambda p: f"kubernetes/{p.connection}",
    changes=True,
    # Not yet resolved, a second time would take what we set for what was there.
    idempotent=lambda p: p.workloads is not None,
    targets=namespace_targets,
    resolve=resolve,
    happened=happened,
    preview=preview,
    caution=caution,
    needs_approval=True,  # a namespace at zero serves nobody
    amounts=_amounts,
    undo=undo,
    undo_is_safe=True,
    permissions=_permissions,
)
