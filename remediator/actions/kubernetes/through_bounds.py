"""Scaling one workload through its autoscaler's bounds: set once, recognised again, taken back if still ours."""

from __future__ import annotations

from msgspec import Struct

from remediator.actions.kubernetes.api import Api
from remediator.actions.kubernetes.bounds import Bounds, as_recorded, bounds_of, bounds_path, raised, set_bounds
from remediator.actions.kubernetes.counts import ScaleOutputs, ScaleParameters, read_scale, title_of
from remediator.actions.kubernetes.difference import difference
from remediator.actions.kubernetes.documents import Document, number, text
from remediator.actions.kubernetes.workloads import read_autoscaler
from remediator.core.action import Intent
from remediator.errors import PermanentError


class BoundsPreview(Struct, frozen=True):
    """How the bounds would change, and the count that the workload would then have at least."""

    shown: str
    low: int


async def _autoscaler(api: Api, p: ScaleParameters) -> Document | None:
    """Return the autoscaler through which to work; None when there is none, or it may not be touched."""
    return await read_autoscaler(api, p) if p.autoscaler == "bounds" else None


async def through_bounds(api: Api, p: ScaleParameters, now: int) -> ScaleOutputs | None:
    """Raise the autoscaler's bounds; None when there is none, and the count is ours to set."""
    autoscaler = await _autoscaler(api, p)
    if autoscaler is None:
        if p.to_bounds is not None:
            raise PermanentError(f"{title_of(p)} has no autoscaler any more; somebody has removed it")
        return None
    if p.from_replicas is not None:
        raise PermanentError(f"{title_of(p)} has an autoscaler since; somebody has added it")
    there = bounds_of(autoscaler)
    wished = Bounds(*p.to_bounds) if p.to_bounds is not None else raised(p, now, there, title_of(p))
    if there not in {wished, Bounds(*p.from_bounds) if p.from_bounds is not None else there}:
        raise PermanentError(f"{title_of(p)}: somebody set its autoscaler's bounds to {there.text} since")
    return await _set_bounds(api, p, autoscaler, wished, now)


async def _set_bounds(api: Api, p: ScaleParameters, autoscaler: Document, wished: Bounds, now: int) -> ScaleOutputs:
    name, changed = text(autoscaler, "metadata", "name"), bounds_of(autoscaler) != wished
    if changed:
        autoscaler = await set_bounds(api, bounds_path(p.namespace, name), autoscaler, wished)
    there = bounds_of(autoscaler)
    return ScaleOutputs(
        replicas=max(now, there.low), before=now, changed=changed,
        autoscaler=name, min_replicas=there.low, max_replicas=there.high,
    )  # fmt: skip


async def intend_bounds(api: Api, p: ScaleParameters, now: int) -> Intent[ScaleParameters] | None:
    """Fix the bounds to set and record what they are; None when there is no autoscaler to work through."""
    autoscaler = await _autoscaler(api, p)
    if autoscaler is None:
        return None
    there = bounds_of(autoscaler)
    wished = raised(p, now, there, title_of(p))
    pairs = {"from_bounds": (there.low, there.high), "to_bounds": (wished.low, wished.high)}
    before = {"autoscaler": text(autoscaler, "metadata", "name"), **{key: list(pair) for key, pair in pairs.items()}}
    return Intent(p.model_copy(update={"replicas": wished.low, "by": None, **pairs}), before)


async def bounds_happened(api: Api, intent: Intent[ScaleParameters]) -> bool | None:
    """Whether the bounds are ours; None when they are neither ours nor the ones before."""
    there = bounds_of(await _recorded(api, intent))
    if there == as_recorded(intent.before, "to_bounds"):
        return True
    return False if there == as_recorded(intent.before, "from_bounds") else None


async def preview_bounds(api: Api, p: ScaleParameters, now: int) -> BoundsPreview | None:
    """Show how the bounds would change, by the server's dry run; None when there is no autoscaler to work through."""
    autoscaler = await _autoscaler(api, p)
    if autoscaler is None:
        return None
    name = text(autoscaler, "metadata", "name")
    wished = raised(p, now, bounds_of(autoscaler), title_of(p))
    answer = await set_bounds(api, bounds_path(p.namespace, name), autoscaler, wished, dry_run=True)
    shown = difference(f"horizontalpodautoscaler {p.namespace}/{name}", autoscaler, answer)
    return BoundsPreview(shown, wished.low)


async def undo_bounds(api: Api, intent: Intent[ScaleParameters]) -> ScaleOutputs:
    """Put the earlier bounds back, if the present ones are still what we wrote; else PermanentError."""
    p = intent.parameters
    ours, earlier = as_recorded(intent.before, "to_bounds"), as_recorded(intent.before, "from_bounds")
    autoscaler = await _recorded(api, intent)
    there = bounds_of(autoscaler)
    if there not in {ours, earlier}:
        words = f"are {there.text}, not the {ours.text} that we set; somebody changed them"
        raise PermanentError(f"{title_of(p)}: its autoscaler's bounds {words}")
    now = number(await read_scale(api, p), "spec", "replicas")
    return await _set_bounds(api, p, autoscaler, earlier, now)


async def _recorded(api: Api, intent: Intent[ScaleParameters]) -> Document:
    """Return the autoscaler that the intent was about; PermanentError when it is another one now, or none."""
    autoscaler = await read_autoscaler(api, intent.parameters)
    if autoscaler is None or text(autoscaler, "metadata", "name") != intent.before.get("autoscaler"):
        raise PermanentError(f"{title_of(intent.parameters)} has another autoscaler now, or none")
    return autoscaler
