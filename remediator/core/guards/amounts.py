"""How often and how much: lock, line, cooldown, throttles, budgets."""

from __future__ import annotations

from remediator.core.durations import SECOND, show_duration
from remediator.core.guards.verdicts import Envelope, Facts, Hold, Refuse, Verdict
from remediator.core.records import Plan

ORDER_AGAIN = 300 * SECOND  #: who goes on wakes the next in line; this is the net under it
LOCK_AGAIN = 30 * SECOND  #: a lock that is let go wakes the oldest; this is the net under it


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
        reason = f"run {run} has waited longer for {scope}"
        return Hold("order", scope, reason, now + ORDER_AGAIN, f"remediator runs show {run}")
    return None


def judge_cooldown(plan: Plan, facts: Facts, _envelope: Envelope, now: int) -> Verdict:
    """Hold within the rule's cooldown after the last change of the target."""
    if not plan.cooldown:
        return None
    for change in facts.last_change:
        until = change.at + int(plan.cooldown * SECOND)
        if now < until:
            reason = f"{change.target} was changed {show_duration((now - change.at) / SECOND)} ago"
            scope = f"cooldown:{change.target}"
            return Hold("cooldown", scope, f"{reason}; cooldown {show_duration(plan.cooldown)}", until,
                        f"remediator runs show {change.run}")  # fmt: skip
    return None


def judge_spent(_plan: Plan, facts: Facts, _envelope: Envelope, now: int) -> Verdict:
    """Hold when a throttle or a budget is used up."""
    for spent in facts.spent:
        if spent.wanted > spent.limit.max:
            reason = f"it would change {spent.wanted} targets; the budget of {spent.scope} is {spent.limit.max}"
            return Refuse(spent.guard, reason, "raise the budget, or let the guide change fewer at a time")
        if spent.nth_at is None:
            continue
        until = spent.nth_at + int(spent.limit.per * SECOND)
        if now < until:
            what = "targets changed " if spent.guard == "budget" else ""
            reason = f"{spent.scope} has had {spent.limit.max} {what}in {show_duration(spent.limit.per)}"
            return Hold(spent.guard, f"{spent.guard}:{spent.scope}", reason, until, "wait, or raise that limit")
    return None
