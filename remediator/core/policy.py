"""The site's policy: what may be done at all, how much of it, and what people must have approved.

``allow`` says where something may be changed; this says which actions may do it. No rule exceeds
either. Pure: asked when rules are loaded, when a run is judged, and before each change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from msgspec import Struct, field

BOUNDS = {
    "replicas": "replicas that a workload is given",
    "factor": "how many times as much as before",
    "memory": "bytes of memory that a container may use",
    "cpu": "cores that a container may use",
    "pods": "pods deleted or evicted by one step",
    "nodes": "nodes taken out of service by one step",
    "rows": "rows deleted by one step",
    "sessions": "sessions ended by one step",
    "keys": "keys deleted by one step",
}
"""What ``policy.bounds`` can limit; actions tell their amounts under these names."""


class ApprovalNeed(Struct, frozen=True):
    """Who must say yes: so many different persons, out of these (empty: anybody who may operate)."""

    persons: int = 1
    by: frozenset[str] = frozenset()

    @property
    def possible(self) -> bool:
        """Whether enough persons exist."""
        return not self.by or len(self.by) >= self.persons

    def covers(self, wanted: ApprovalNeed) -> bool:
        """Whether a yes that was enough here is enough for what is wanted, too."""
        return self.persons >= wanted.persons and (not wanted.by or (bool(self.by) and self.by <= wanted.by))


ANYBODY = ApprovalNeed()


class ApprovalRule(Struct, frozen=True):
    """These actions, on these targets, need people whatever the rule says."""

    actions: tuple[str, ...]
    targets: tuple[str, ...] = ("**",)
    need: ApprovalNeed = field(default_factory=ApprovalNeed)


class Policy(Struct, frozen=True):
    """What this site allows beyond places. The default binds nothing but what actions ask for themselves."""

    actions: tuple[str, ...] = ("*",)
    bounds: Mapping[str, float] = field(default_factory=dict)
    approvals: tuple[ApprovalRule, ...] = ()


def forbids_action(policy: Policy, action: str) -> str:
    """Say why this changing action may not be used; empty when it may."""
    if any(fnmatchcase(action, pattern) for pattern in policy.actions):
        return ""
    return f"{action} is not among the actions that policy.actions allows"


def exceeds(policy: Policy, action: str, amounts: Mapping[str, float]) -> str:
    """Say which bound these amounts exceed; empty when none."""
    for name, most in policy.bounds.items():
        amount = amounts.get(name)
        if amount is not None and not amount <= most:  # NaN exceeds every bound
            return f"{action} would use {amount:g} {name}; policy.bounds allows {most:g}"
    return ""


def approval_needed(policy: Policy, actions: Iterable[str], targets: Iterable[str]) -> ApprovalNeed | None:
    """Return who must approve these actions on these targets; None when the policy asks nobody.

    Where several of its rules speak, all of them bind: the most persons, out of those that each names.
    """
    wanted, places = tuple(actions), tuple(targets)
    found = [rule.need for rule in policy.approvals if _speaks_of(rule, wanted, places)]
    if not found:
        return None
    by: frozenset[str] | None = None
    for need in found:
        if need.by:
            by = need.by if by is None else by & need.by
    # Nobody is left where the rules name different people; a name that nobody has keeps it impossible.
    if by == frozenset():
        return ApprovalNeed(len(found) + 1, frozenset({"nobody"}))
    return ApprovalNeed(max(need.persons for need in found), by or frozenset())


def _speaks_of(rule: ApprovalRule, actions: tuple[str, ...], targets: tuple[str, ...]) -> bool:
    return any(fnmatchcase(action, pattern) for action in actions for pattern in rule.actions) and any(
        covers_place(pattern, target) for target in targets for pattern in rule.targets
    )


def covers_place(pattern: str, target: str) -> bool:
    """Whether a pattern speaks of a target: of it, or of something above or below it.

    ``*`` is any characters inside one segment, ``**`` as the last segment any tail. Wider than what allows:
    a lock on a namespace touches every deployment in it.
    """
    wanted, have = pattern.split("/"), target.split("/")
    for want, part in zip(wanted, have, strict=False):
        if want == "**":
            return True
        if not fnmatchcase(part, want):
            return False
    return True
