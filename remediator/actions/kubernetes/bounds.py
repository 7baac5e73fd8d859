"""Scaling where a HorizontalPodAutoscaler owns the count: its bounds are raised, and it does the rest.

An autoscaler keeps the count between ``minReplicas`` and ``maxReplicas``. Raising the lower bound is
how one asks it for more; the upper one gives way only as far as the parameters' ``max`` says. Fewer
is its own decision: lowering a bound takes nothing away, or starves it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from remediator.actions.kubernetes.amount import MOST, Amount, amount
from remediator.actions.kubernetes.api import MERGE_PATCH, Api
from remediator.actions.kubernetes.documents import Document, number, text
from remediator.errors import PermanentError


class Bounds(Struct, frozen=True):
    """An autoscaler's bounds."""

    low: int
    high: int

    @property
    def text(self) -> str:
        """The bounds, for people."""
        return f"{self.low} to {self.high}"


def bounds_path(namespace: str, name: str) -> str:
    """Return the autoscaler's place in the API. Its name came from the server: checked, as it is no parameter."""
    if not name or not all(part.isalnum() or part in "-." for part in name) or not name.isascii():
        raise PermanentError("the autoscaler's name is none")
    return f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers/{name}"


def bounds_of(autoscaler: Document) -> Bounds:
    """Return its bounds; the API's default for the lower one is 1."""
    low, high = number(autoscaler, "spec", "minReplicas", default=1), number(autoscaler, "spec", "maxReplicas")
    if not 0 <= low <= high <= MOST or not high or not text(autoscaler, "metadata", "resourceVersion"):
        raise PermanentError("the answer is not a HorizontalPodAutoscaler")
    return Bounds(low, high)


def raised(p: Amount, now: int, bounds: Bounds, title: str) -> Bounds:
    """Return the bounds to set so that there will be at least as many as ``p`` asks for, ``now`` being there.

    Raise PermanentError when that is fewer than there are, more than may be, or when it is switched off.
    """
    if now == 0:
        raise PermanentError(f"{title} is scaled to zero, where its autoscaler rests; its bounds would change nothing")
    # Without a max of the parameters the autoscaler's own upper bound stands.
    highest = bounds.high if p.max is None else max(p.max, bounds.high)
    wanted = amount(p if p.max is not None else p.model_copy(update={"max": max(bounds.high, p.min or 0)}), now)
    if wanted < now:
        raise PermanentError(
            f"{title} has {now} replicas, and its autoscaler decides on fewer; it is asked for more only"
        )
    if wanted > highest:
        raise PermanentError(f"{title} may not have {wanted} replicas: its autoscaler's upper bound is {bounds.high}")
    return Bounds(max(bounds.low, wanted), max(bounds.high, wanted))


async def set_bounds(api: Api, path: str, autoscaler: Document, bounds: Bounds, *, dry_run: bool = False) -> Document:
    """Set both bounds, unless somebody wrote in between."""
    body: Document = {
        "metadata": {"resourceVersion": text(autoscaler, "metadata", "resourceVersion")},
        "spec": {"minReplicas": bounds.low, "maxReplicas": bounds.high},
    }
    return await api.patch(path, body, MERGE_PATCH, dry_run=dry_run)


def as_recorded(before: Mapping[str, Any], key: str) -> Bounds:
    """Return bounds that an intent has recorded; PermanentError when it has none."""
    found = before.get(key)
    whole = isinstance(found, (list, tuple)) and len(found) == 2  # noqa: PLR2004 -- a lower and an upper one
    if not whole or not all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in found or ()):
        raise PermanentError("the autoscaler's earlier bounds are not known")
    low, high = found or (0, 0)
    return Bounds(low, high)
