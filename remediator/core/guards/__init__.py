"""May this run act now? One pure decision on facts read in the claiming transaction.

Each guard returns None (let through), a ``Hold`` (judged again then), a ``Refuse`` (final) or a
``Lower`` (go on, but only observe or ask). The first that holds or refuses speaks; if none does, the
strictest that lowers. A guard that cannot decide refuses: facts that are missing are an error where
they are read, never a pass.

    places     where: the envelope
    switches   pauses, storms, windows, dependencies
    amounts    lock, line, cooldown, throttles, budgets
    doubts     breakers, loops, remedies that hide a cause
    silences   what a person has silenced at Alertmanager; asked there before a change, not read from rows
"""

from __future__ import annotations

from collections.abc import Callable

from remediator.core.guards.amounts import LOCK_AGAIN, judge_cooldown, judge_lock, judge_order, judge_spent
from remediator.core.guards.doubts import judge_breakers, judge_loop, judge_repeats, say_repeats
from remediator.core.guards.places import judge_envelope, judge_place, place_matches
from remediator.core.guards.silences import SILENCED, judge_silence, stand_together
from remediator.core.guards.switches import (
    HOLD_AGAIN,
    judge_dependencies,
    judge_pause,
    judge_storm,
    judge_windows,
    pause_binds,
)
from remediator.core.guards.verdicts import (
    Changed,
    Envelope,
    Facts,
    Hold,
    Lower,
    Pause,
    Refuse,
    Spent,
    StormNow,
    Verdict,
)
from remediator.core.records import Plan
from remediator.core.transitions import Mode

Guard = Callable[[Plan, Facts, Envelope, int], Verdict]
GUARDS: tuple[Guard, ...] = (
    judge_envelope, judge_pause, judge_storm, judge_breakers, judge_dependencies, judge_windows, judge_loop,
    judge_repeats, judge_lock, judge_cooldown, judge_spent, judge_order,
)  # fmt: skip
_PAID = (judge_cooldown, judge_order, judge_loop, judge_repeats)
_UNDO_BY_PERSON: tuple[Guard, ...] = (judge_envelope, judge_lock)
_UNDO_BY_TIME: tuple[Guard, ...] = (judge_envelope, judge_pause, judge_lock)


def judge(
    plan: Plan, facts: Facts, envelope: Envelope, now: int, *, holding: bool = False,
    guards: tuple[Guard, ...] = GUARDS,
) -> Verdict:  # fmt: skip
    """Return the first objection, else what lowers the mode most, else None.

    ``guards``: in the order in which they are asked.
    ``holding``: the run has its locks from the remedy before, and so its place in the line. What it has
    counted itself is not among the facts, so that it never holds itself; it is held when others have
    taken the place that it has no more. A run that undoes another
    passes only what protects places and other runs, nothing that would block safety; one that a person
    asked for passes the pause, too.
    """
    lowered: Lower | None = None
    if plan.undoes:
        guards = _UNDO_BY_TIME if plan.wait else _UNDO_BY_PERSON
    for guard in guards:
        if holding and guard in _PAID:
            continue
        verdict = guard(plan, facts, envelope, now)
        if isinstance(verdict, Lower):
            if lowered is None or (verdict.mode is Mode.OBSERVE and lowered.mode is not Mode.OBSERVE):
                lowered = verdict
        elif verdict is not None:
            return verdict
    return lowered


__all__ = [
    "GUARDS",
    "HOLD_AGAIN",
    "LOCK_AGAIN",
    "SILENCED",
    "Changed",
    "Envelope",
    "Facts",
    "Guard",
    "Hold",
    "Lower",
    "Pause",
    "Refuse",
    "Spent",
    "StormNow",
    "Verdict",
    "judge",
    "judge_dependencies",
    "judge_envelope",
    "judge_pause",
    "judge_place",
    "judge_silence",
    "judge_storm",
    "judge_windows",
    "pause_binds",
    "place_matches",
    "say_repeats",
    "stand_together",
]
