"""``kubernetes.scale``: how many replicas a deployment or statefulset has.

Through the ``scale`` subresource, with the resourceVersion that was read: if anybody wrote in
between, the server answers 409 and nothing happened. An autoscaler on the same workload would undo
the change within seconds, so that is refused, or, if the parameters say so, its bounds are raised.
At zero it rests, so to zero and back it may go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from remediator.actions.context import Context
from remediator.actions.kubernetes.amount import amount
from remediator.actions.kubernetes.api import Api, open_api
from remediator.actions.kubernetes.caution import KEEPS_COUNTS, caution_of
from remediator.actions.kubernetes.counts import ScaleOutputs, ScaleParameters, read_scale, set_replicas, title_of
from remediator.actions.kubernetes.difference import difference
from remediator.actions.kubernetes.documents import Document, number, section, text
from remediator.actions.kubernetes.quotas import added, pods_of, quota_right, shortages, with_shortages
from remediator.actions.kubernetes.through_bounds import (
    bounds_happened,
    intend_bounds,
    preview_bounds,
    through_bounds,
    undo_bounds,
)
from remediator.actions.kubernetes.workloads import backend, path, read_autoscaler, read_workload, right, targets
from remediator.core.action import Action, Intent, Permission
from remediator.errors import PermanentError


async def perform(p: ScaleParameters, context: Context) -> ScaleOutputs:
    """Set the count; does nothing when it is that already."""
    api = await open_api(context, p.connection)
    scale = await read_scale(api, p)
    now = number(scale, "spec", "replicas")
    if (done := await through_bounds(api, p, now)) is not None:
        return done
    wanted = amount(p, now)
    if now == wanted:
        return ScaleOutputs(replicas=now, before=now, changed=False)
    if p.from_replicas is not None and now != p.from_replicas:
        raise PermanentError(
            f"{title_of(p)} was meant to go from {p.from_replicas} to {wanted} replicas, but somebody set it to {now}"
        )
    await _refuse_autoscaled(api, p, now, wanted)
    answer = await _set(api, p, scale, wanted)
    return ScaleOutputs(replicas=number(answer, "spec", "replicas"), before=now, changed=True)


async def resolve(p: ScaleParameters, context: Context) -> Intent[ScaleParameters]:
    """Make the count absolute and record what it was."""
    api = await open_api(context, p.connection)
    now = number(await read_scale(api, p), "spec", "replicas")
    if (through := await intend_bounds(api, p, now)) is not None:
        return through
    wanted = amount(p, now)
    await _refuse_autoscaled(api, p, now, wanted)
    fixed = p.model_copy(update={"replicas": wanted, "by": None, "from_replicas": now})
    return Intent(fixed, {"replicas": now})


async def happened(intent: Intent[ScaleParameters], context: Context) -> bool | None:
    """Whether the count (or the bounds) is ours; None when it is neither ours nor the one before."""
    api = await open_api(context, intent.parameters.connection)
    if "autoscaler" in intent.before:
        return await bounds_happened(api, intent)
    now = number(await read_scale(api, intent.parameters), "spec", "replicas")
    if now == intent.parameters.replicas:
        return True
    return False if now == intent.before.get("replicas") else None


async def preview(p: ScaleParameters, context: Context) -> str:
    """Show what would change, by the server's dry run, and which quotas have no room for the pods it adds."""
    api = await open_api(context, p.connection)
    scale = await read_scale(api, p)
    now = number(scale, "spec", "replicas")
    if (bounds := await preview_bounds(api, p, now)) is not None:
        return with_shortages(bounds.shown, await _shortages(api, p, now, bounds.low))
    wanted = amount(p, now)
    await _refuse_autoscaled(api, p, now, wanted)
    answer = await _set(api, p, scale, wanted, dry_run=True)
    return with_shortages(difference(title_of(p), scale, answer), await _shortages(api, p, now, wanted))


async def caution(p: ScaleParameters, context: Context) -> str:
    """Say who would put the count back, and whether somebody else's rollout is in progress."""
    return await caution_of(await open_api(context, p.connection), p, keeps=KEEPS_COUNTS)


def amounts(p: ScaleParameters) -> dict[str, float]:
    """Return the count, and how many times as many it is as before; of a relative one neither can be told yet."""
    if p.replicas is None:
        return {}
    return {"replicas": p.replicas} | ({"factor": p.replicas / p.from_replicas} if p.from_replicas else {})


async def undo(intent: Intent[ScaleParameters], context: Context) -> ScaleOutputs:
    """Put the earlier count (or bounds) back, if the present one is still what we wrote; else PermanentError."""
    p = intent.parameters
    api = await open_api(context, p.connection)
    if "autoscaler" in intent.before:
        return await undo_bounds(api, intent)
    earlier = _earlier(intent.before)
    scale = await read_scale(api, p)
    now = number(scale, "spec", "replicas")
    if now == earlier:
        return ScaleOutputs(replicas=now, before=now, changed=False)
    if now != p.replicas:
        raise PermanentError(f"{title_of(p)} has {now} replicas, not the {p.replicas} that we set; somebody changed it")
    await _refuse_autoscaled(api, p, now, earlier)
    answer = await _set(api, p, scale, earlier)
    return ScaleOutputs(replicas=number(answer, "spec", "replicas"), before=now, changed=True)


async def _shortages(api: Api, p: ScaleParameters, now: int, wanted: int) -> list[str]:
    if wanted <= now:
        return []
    template = section(await read_workload(api, p), "spec", "template")
    return await shortages(api, p.namespace, [(template, added(pods_of(template, wanted), pods_of(template, now)))])


async def _set(api: Api, p: ScaleParameters, scale: Document, replicas: int, *, dry_run: bool = False) -> Document:
    return await set_replicas(api, path(p, "scale"), scale, replicas, dry_run=dry_run)


async def _refuse_autoscaled(api: Api, p: ScaleParameters, now: int, wanted: int) -> None:
    """Refuse a count that an autoscaler would change at once; at zero it rests, unless zero is within its bounds."""
    autoscaler = await read_autoscaler(api, p)
    if autoscaler is None or (0 in {now, wanted} and number(autoscaler, "spec", "minReplicas", default=1)):
        return
    name = text(autoscaler, "metadata", "name")
    raise PermanentError(f"{title_of(p)} is scaled by the HorizontalPodAutoscaler {name}; change that instead")


def _earlier(before: Mapping[str, Any]) -> int:
    replicas = before.get("replicas")
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
        raise PermanentError("the earlier number of replicas is not known")
    return replicas


def _permissions(p: ScaleParameters) -> tuple[Permission, ...]:
    autoscalers = Permission("list", "horizontalpodautoscalers", p.namespace, "autoscaling")
    bounds = Permission("patch", "horizontalpodautoscalers", p.namespace, "autoscaling")
    scale = (right(p, "get", "scale"), right(p, "patch", "scale"))
    found = (right(p, "get"), *scale, autoscalers, quota_right(p.namespace))
    return (*found, bounds) if p.autoscaler == "bounds" else found


ACTION = Action(
    name="kubernetes.scale",
    summary="Sets how many replicas a deployment or statefulset has, absolutely or relative to now.",
    parameters=ScaleParameters,
    outputs=ScaleOutputs,
    perform=perform,
    backend=backend,
    changes=True,
    # Relative to now, a second time would add again; the engine performs the resolved intent.
    idempotent=lambda p: p.by is None,
    targets=targets,
    resolve=resolve,
    happened=happened,
    preview=preview,
    undo=undo,
    undo_is_safe=True,
    caution=caution,
    amounts=amounts,
    permissions=_permissions,
)
