"""Where: the envelope, and patterns of targets."""

from __future__ import annotations

from functools import lru_cache

from remediator.core.guards.verdicts import Envelope, Facts, Refuse
from remediator.core.records import Plan


def judge_envelope(plan: Plan, _facts: Facts, envelope: Envelope, _now: int) -> Refuse | None:
    """Refuse what the site has not allowed: every target must match an allowed pattern."""
    return next((refused for target in plan.locks if (refused := judge_place(target, envelope))), None)


def judge_place(target: str, envelope: Envelope) -> Refuse | None:
    """Refuse a target that is protected, or not among those that may be changed."""
    for pattern in envelope.protected:
        if place_matches(pattern, target):
            return Refuse("envelope", f"{target} is protected by {pattern}", "see allow.protected")
    for pattern in envelope.targets:
        if place_matches(pattern, target):
            return None
    advice = "a person may add it to allow.targets in the daemon's configuration"
    return Refuse("envelope", f"{target} is not among the targets that may be changed", advice)


def place_matches(pattern: str, target: str) -> bool:
    """Whether a target matches a pattern, segment by segment.

    ``*`` stands for any characters inside one segment, ``**`` as the last segment for one or more.
    """
    beginning, wanted, below = _read(pattern)
    if not target.startswith(beginning):
        return False
    have = target.split("/")
    if below:
        if len(have) <= len(wanted):
            return False
        have = have[: len(wanted)]
    return have == wanted or (
        len(wanted) == len(have) and all(_segment_matches(w, h) for w, h in zip(wanted, have, strict=True))
    )


@lru_cache(1024)  # of the site's own patterns, asked about every target
def _read(pattern: str) -> tuple[str, list[str], bool]:
    """Return what a match begins with, its segments, and whether it lies below them."""
    segments = pattern.split("/")
    below = segments[-1] == "**"
    return pattern.partition("*")[0], segments[:-1] if below else segments, below


def _segment_matches(pattern: str, segment: str) -> bool:
    if "*" not in pattern:
        return pattern == segment
    first, *middle, last = pattern.split("*")
    if not segment.startswith(first):
        return False
    at = len(first)
    for part in middle:
        found = segment.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(segment) - at >= len(last) and segment.endswith(last)
