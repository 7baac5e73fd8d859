"""The limits that bind a plan, each with the scope in which it counts."""

from __future__ import annotations

from msgspec import Struct

from remediator.core.limits import Flapping, Storm, Throttle
from remediator.core.records import Plan


class SiteLimits(Struct, frozen=True):
    """The daemon's own throttles and its budget. None: no limit."""

    per_target: Throttle | None = None
    per_namespace: Throttle | None = None
    overall: Throttle | None = None
    budget: Throttle | None = None  #: different targets changed in a window, in all
    budget_per_namespace: Throttle | None = None
    budget_per_cluster: Throttle | None = None
    storm: Storm | None = None  #: of all new alerts together
    loop_guard: float = 0.0  #: seconds
    stale: float = 0.0  #: seconds; 0: an alert may be as old as it likes
    flapping: Flapping | None = None


def limited_scopes(plan: Plan, limits: SiteLimits) -> list[tuple[str, str, Throttle]]:
    """Return (guard, scope, limit) of every limit that binds this plan. Taking something back is not limited."""
    scopes: list[tuple[str, str, Throttle]] = []
    if plan.undoes:
        return scopes
    if plan.throttle:
        scopes.append(("throttle", f"rule {plan.rule}", plan.throttle))
    if limits.per_target:
        scopes += [("throttle", f"target {target}", limits.per_target) for target in plan.locks]
    if limits.per_namespace:
        places = dict.fromkeys(namespace_of(target) for target in plan.locks)
        scopes += [("throttle", f"namespace {place}", limits.per_namespace) for place in places]
    if limits.overall:
        scopes.append(("throttle", "everything", limits.overall))
    return scopes


def budget_scopes(plan: Plan, limits: SiteLimits) -> list[tuple[str, Throttle]]:
    """Return (scope, limit) of every budget of different targets that binds this plan."""
    scopes: list[tuple[str, Throttle]] = []
    if plan.undoes:
        return scopes
    if plan.limits is not None and plan.limits.budget:
        scopes.append((f"rule {plan.rule}", plan.limits.budget))
    if limits.budget:
        scopes.append(("everything", limits.budget))
    if limits.budget_per_namespace:
        places = dict.fromkeys(namespace_of(target) for target in plan.locks)
        scopes += [(f"namespace {place}", limits.budget_per_namespace) for place in places]
    if limits.budget_per_cluster:
        places = dict.fromkeys("/".join(target.split("/")[:2]) for target in plan.locks)
        scopes += [(f"cluster {place}", limits.budget_per_cluster) for place in places]
    return scopes


def namespace_of(target: str) -> str:
    """Return the place that a target lies in: ``kubernetes/<connection>/<namespace>``, else its first two segments."""
    parts = target.split("/")
    return "/".join(parts[: 3 if parts[0] == "kubernetes" else 2])
