"""What makes us doubt that acting helps: breakers, loops, remedies that hide a cause."""

from __future__ import annotations

import shlex

from remediator.core.breaker import BreakerState
from remediator.core.durations import SECOND, show_duration
from remediator.core.guards.switches import HOLD_AGAIN
from remediator.core.guards.verdicts import Envelope, Facts, Hold, Lower, Verdict
from remediator.core.records import Plan
from remediator.core.transitions import Mode


def judge_breakers(_plan: Plan, facts: Facts, _envelope: Envelope, now: int) -> Verdict:
    """Hold while a backend that it would change is not answering; observe while remedies do not help."""
    lowered: Verdict = None
    for breaker in facts.breakers:
        state, advice = breaker.at(now).state, f"remediator breakers reset {shlex.quote(breaker.key)}"
        if breaker.key.startswith("backend:"):
            if state is BreakerState.OPEN:
                again = f"next try in {breaker.retry_in(now):.0f}s"
                reason = f"{breaker.key} failed {breaker.failures} times in a row; {again}"
                return Hold("breaker", breaker.key, reason, breaker.until, advice)
            running, wanted = facts.on_trial.get(breaker.key, 0), max(1, facts.trials - breaker.at(now).trials)
            if state is BreakerState.HALF_OPEN and running >= wanted:
                reason = f"{breaker.key} is half-open, and {running} runs are trying it already"
                return Hold("breaker", breaker.key, reason, now + HOLD_AGAIN, advice)
        elif state is BreakerState.OPEN:
            reason = f"breaker {breaker.key} is open after {breaker.failures} runs that did not help"
            lowered = lowered or Lower("breaker", Mode.OBSERVE, reason, advice)
        elif state is BreakerState.HALF_OPEN and facts.trial_running:
            reason = f"{breaker.key} is half-open and tries one run at a time"
            return Hold("breaker", breaker.key, reason, now + HOLD_AGAIN, advice)
    return lowered


def judge_loop(plan: Plan, facts: Facts, _envelope: Envelope, now: int) -> Verdict:
    """Ask where our own change may have caused the alert: it began after we changed the same place.

    A rule that comes back to its own target and has a cooldown has made that choice itself.
    """
    for change in facts.last_change:
        if plan.cooldown and change.rule == plan.rule:
            continue
        if 0 <= now - change.at < facts.loop_guard * SECOND and plan.starts_at >= change.at:
            ago = show_duration((now - change.at) / SECOND)
            reason = f"the alert began after run {change.run} changed {change.target} {ago} ago"
            advice = f"remediator runs show {change.run}"
            return Lower("loop", Mode.ASK, f"{reason}, which may have caused it", advice)
    return None


def judge_repeats(plan: Plan, facts: Facts, _envelope: Envelope, _now: int) -> Verdict:
    """Ask where the same remedy is needed again and again: it may hide what should be fixed."""
    repeats = plan.limits.repeats if plan.limits else None
    if repeats is None or repeats.then != "stop" or facts.repeated < repeats.max:
        return None
    return Lower("repeats", Mode.ASK, say_repeats(plan, facts.repeated), "fix the cause; see the guide's notes")


def say_repeats(plan: Plan, count: int) -> str:
    """Return the sentence that reports of such a run hold."""
    repeats = plan.limits.repeats if plan.limits else None
    window = show_duration(repeats.per) if repeats else ""
    return f"fix the cause: {plan.target} needed this {count} times in {window}"
