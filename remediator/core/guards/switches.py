"""What people, the clock and other alerts switch off: pauses, storms, windows, dependencies."""

from __future__ import annotations

import shlex

from remediator.core.durations import SECOND, show_duration
from remediator.core.guards.places import place_matches
from remediator.core.guards.verdicts import Envelope, Facts, Hold, Lower, Pause, Refuse, Verdict
from remediator.core.intervals import contains, next_change
from remediator.core.limits import inhibits
from remediator.core.records import Plan
from remediator.core.transitions import Mode

HOLD_AGAIN = 5 * SECOND  #: how soon a hold with no known end is judged again when nothing wakes it
ASK_AGAIN = 30 * SECOND  #: the same, where what ends it wakes the run


def pause_binds(pause: Pause, plan: Plan) -> bool:
    """Whether a pause's scope holds this run: its rule, or anything that it would change."""
    if pause.scope == "global":
        return True
    kind, _, name = pause.scope.partition(":")
    if kind == "rule":
        return name == plan.rule
    pattern = {"cluster": f"kubernetes/{name}", "namespace": f"kubernetes/{name}", "target": name}.get(kind)
    if pattern is None:
        return True  # a scope that nobody can read stops everything
    pattern = pattern.removesuffix("/**")
    return any(_overlap(pattern, target) for target in plan.locks)


def _overlap(pattern: str, target: str) -> bool:
    """Whether the pattern names the target, something above it, or something below it."""
    depth, have = pattern.count("/") + 1, target.split("/")
    if len(have) >= depth:
        return place_matches(pattern, "/".join(have[:depth]))
    return place_matches("/".join(pattern.split("/")[: len(have)]), target)


def judge_pause(plan: Plan, facts: Facts, _envelope: Envelope, now: int) -> Verdict:
    """Hold while anybody has paused everything, this rule, or a place where it would act."""
    for pause in facts.pauses:
        if (pause.until is None or pause.until > now) and pause_binds(pause, plan):
            under = "under maintenance" if pause.kind == "maintenance" else "paused"
            reason = f"{pause.scope} is {under} by {pause.author}: {pause.reason}"
            advice = f"remediator resume {shlex.quote(pause.scope)}"
            if pause.kind == "file":
                advice = f"it lasts as long as {pause.author} is there"
            return Hold("pause", f"pause:{pause.scope}", reason, pause.until, advice)
    return None


def judge_storm(_plan: Plan, facts: Facts, _envelope: Envelope, now: int) -> Verdict:
    """Hold while there are more episodes than the rule may take; one run gathers the evidence for all."""
    for storm in facts.storms:
        if storm.until is not None and storm.until <= now:
            continue
        reason = f"storm: {storm.episodes} new alerts of {storm.scope} since it began"
        advice = f"remediator resume {shlex.quote(f'storm:{storm.scope}')}"
        if storm.evidence:
            looks = f"{reason}; this run looks for all of them, the others are held"
            return Lower("storm", Mode.OBSERVE, looks, advice)
        return Hold("storm", f"storm:{storm.scope}", reason, storm.until, advice)
    return None


def judge_dependencies(plan: Plan, facts: Facts, _envelope: Envelope, now: int) -> Verdict:
    """Hold while an alert fires that this one may only be a consequence of."""
    if plan.limits is None:
        return None
    for inhibition in plan.limits.inhibited_by:
        for labels in facts.firing:
            if inhibits(inhibition, labels, plan.labels):
                name = labels.get("alertname", "")
                same = ", ".join(f"{label}={labels.get(label, '')}" for label in inhibition.equal)
                reason = f"{name} fires" + (f" for the same {same}" if same else "") + "; it may be the cause"
                advice = "it goes on by itself when that alert has resolved"
                return Hold("dependency", f"dependency:{name}", reason, now + ASK_AGAIN, advice)
    return None


def judge_windows(plan: Plan, facts: Facts, _envelope: Envelope, now: int) -> Verdict:
    """Hold outside of the rule's active time intervals and inside of its mute ones."""
    limits = plan.limits
    if limits is None or not (limits.active or limits.mute):
        return None
    for name in (*limits.active, *limits.mute):
        if name not in facts.intervals:
            return Refuse("window", f'there is no time interval "{name}" any more', "define it under time_intervals")
    seconds = now // SECOND
    mute = next((n for n in limits.mute if any(contains(i, seconds) for i in facts.intervals[n])), None)
    outside = limits.active and not any(contains(i, seconds) for n in limits.active for i in facts.intervals[n])
    if mute is None and not outside:
        return None
    reason = f"it is muted during {mute}" if mute is not None else f"it may act only during {', '.join(limits.active)}"
    changes = next_change([i for n in (*limits.active, *limits.mute) for i in facts.intervals[n]], seconds)
    until = None if changes is None else changes * SECOND
    shown = "" if changes is None else f"; that may change in {show_duration(changes - seconds)}"
    return Hold("window", f"window:{plan.rule}", reason + shown, until, "a person can do it by hand, or edit the rule")
