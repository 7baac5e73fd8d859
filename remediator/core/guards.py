"""May this run act now? One pure decision on facts read in the claiming transaction.

Each guard returns None (let through), a ``Hold`` (judged again then) or a ``Refuse`` (final). The
first that objects speaks. A guard that cannot decide refuses: facts that are missing are an error
where they are read, never a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from remediator.core.breaker import Breaker, BreakerState
from remediator.core.durations import SECOND, show_duration
from remediator.core.records import Plan, Throttle

LOCK_AGAIN = 30 * SECOND  #: a lock that is let go wakes the oldest; this is the net under it
HOLD_AGAIN = 5 * SECOND  #: how soon a hold with no known end is judged again when nothing wakes it


@dataclass(frozen=True, slots=True)
class Hold:
    """Not now. ``scope`` is what must open; ``until`` when it opens by itself, if it does."""

    guard: str
    scope: str
    reason: str
    until: int | None = None
    advice: str = ""  #: what a person can do


@dataclass(frozen=True, slots=True)
class Refuse:
    """Never; the reason is final."""

    guard: str
    reason: str
    advice: str = ""


Verdict = Hold | Refuse | None


@dataclass(frozen=True, slots=True)
class Pause:
    """The kill switch, for a scope: ``global`` or ``rule:NAME``."""

    scope: str
    author: str
    reason: str
    until: int | None
    at: int


@dataclass(frozen=True, slots=True)
class Spent:
    """A limited scope: at most ``limit``; ``nth_at`` is when the limit-th newest was taken, None if fewer were."""

    guard: str
    scope: str
    limit: Throttle
    nth_at: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the store says of everything that can object to this run."""

    pauses: tuple[Pause, ...] = ()
    locked_by: tuple[tuple[str, str], ...] = ()  #: (scope, run) of other runs' overlapping locks
    last_change: tuple[tuple[str, int], ...] = ()  #: (target, when) of the last change by another run
    spent: tuple[Spent, ...] = ()
    breakers: tuple[Breaker, ...] = ()  #: of the backends that it changes, and of its outcomes
    newest: Mapping[str, int] = field(default_factory=dict)  #: what a claim counts on from, by limited scope
    waiting_before: tuple[str, str] | None = None  #: (scope, run) of an older run that is held on one of its scopes


@dataclass(frozen=True, slots=True)
class Envelope:
    """What this site allows at all."""

    targets: tuple[str, ...] = ()  #: patterns; ``*`` is one segment or part of it, ``**`` any tail
    protected: tuple[str, ...] = ()  #: never, whatever is allowed


def judge(plan: Plan, facts: Facts, envelope: Envelope, now: int, *, holding: bool = False) -> Verdict:
    """Return the first objection, or None.

    ``holding``: the run has its locks and reservations from the remedy before, and so its place in
    the line; what it has counted already does not count against it again.
    """
    for guard in GUARDS:
        if not (holding and guard in (judge_cooldown, judge_spent, judge_order)) and (
            verdict := guard(plan, facts, envelope, now)
        ):
            return verdict
    return None


def judge_envelope(plan: Plan, _facts: Facts, envelope: Envelope, _now: int) -> Verdict:
    """Refuse what the site has not allowed: every target must match an allowed pattern."""
    return next((refused for target in plan.locks if (refused := judge_place(target, envelope))), None)


def judge_place(target: str, envelope: Envelope) -> Refuse | None:
    """Refuse a target that is protected, or not among those that may be changed."""
    if pattern := next((p for p in envelope.protected if place_matches(p, target)), None):
        return Refuse("envelope", f"{target} is protected by {pattern}", "see allow.protected")
    if not any(place_matches(pattern, target) for pattern in envelope.targets):
        advice = "a person may add it to allow.targets in the daemon's configuration"
        return Refuse("envelope", f"{target} is not among the targets that may be changed", advice)
    return None


def judge_pause(_plan: Plan, facts: Facts, _envelope: Envelope, now: int) -> Verdict:
    """Hold while anybody has paused everything or this rule."""
    for pause in facts.pauses:
        if pause.until is None or pause.until > now:
            reason = f"{pause.scope} is paused by {pause.author}: {pause.reason}"
            return Hold("pause", f"pause:{pause.scope}", reason, pause.until, f"remediator resume {pause.scope}")
    return None


def judge_breakers(_plan: Plan, facts: Facts, _envelope: Envelope, now: int) -> Verdict:
    """Hold while a backend that it would change is not answering."""
    for breaker in facts.breakers:
        # An open outcome breaker does not hold: it lets the run observe.
        if breaker.key.startswith("backend:") and breaker.at(now).state is BreakerState.OPEN:
            reason = f"{breaker.key} failed {breaker.failures} times in a row; next try in {breaker.retry_in(now):.0f}s"
            return Hold("breaker", breaker.key, reason, breaker.until, f"remediator breakers reset {breaker.key}")
    return None


def judge_lock(_plan: Plan, facts: Facts, _envelope: Envelope, now: int) -> Verdict:
    """Hold while another run works on a target, on an ancestor or on a descendant of it."""
    for scope, run in facts.locked_by:
        return Hold(
            "lock", f"lock:{scope}", f"run {run} works on {scope}", now + LOCK_AGAIN, f"remediator runs show {run}"
        )
    return None


def judge_order(_plan: Plan, facts: Facts, _envelope: Envelope, now: int) -> Verdict:
    """Hold behind an older run that waits for the same thing: oldest first."""
    if facts.waiting_before:
        scope, run = facts.waiting_before
        return Hold("order", scope, f"run {run} has waited longer for {scope}", now + HOLD_AGAIN)
    return None


def judge_cooldown(plan: Plan, facts: Facts, _envelope: Envelope, now: int) -> Verdict:
    """Hold within the rule's cooldown after the last change of the target."""
    for target, changed_at in facts.last_change:
        until = changed_at + int(plan.cooldown * SECOND)
        if now < until:
            reason = f"{target} was changed {show_duration((now - changed_at) / SECOND)} ago"
            return Hold("cooldown", f"cooldown:{target}", f"{reason}; cooldown {show_duration(plan.cooldown)}", until)
    return None


def judge_spent(_plan: Plan, facts: Facts, _envelope: Envelope, now: int) -> Verdict:
    """Hold when a throttle or the budget is used up."""
    for spent in facts.spent:
        if spent.nth_at is None:
            continue
        until = spent.nth_at + int(spent.limit.per * SECOND)
        if now < until:
            reason = f"{spent.scope} has had {spent.limit.max} in {show_duration(spent.limit.per)}"
            return Hold(spent.guard, f"{spent.guard}:{spent.scope}", reason, until)
    return None


Guard = Callable[[Plan, Facts, Envelope, int], Verdict]
GUARDS: tuple[Guard, ...] = (
    judge_envelope, judge_pause, judge_breakers, judge_lock, judge_cooldown, judge_spent, judge_order,
)  # fmt: skip


def place_matches(pattern: str, target: str) -> bool:
    """Whether a target matches a pattern, segment by segment.

    ``*`` stands for any characters inside one segment, ``**`` as the last segment for one or more.
    """
    if not target.startswith(pattern.partition("*")[0]):
        return False
    wanted, have = pattern.split("/"), target.split("/")
    if wanted[-1] == "**":
        wanted = wanted[:-1]
        if len(have) <= len(wanted):
            return False
        have = have[: len(wanted)]
    return len(wanted) == len(have) and all(_segment_matches(w, h) for w, h in zip(wanted, have, strict=True))


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
