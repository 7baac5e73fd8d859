"""What people are asked, and what their yes is good for: what they were shown, and nothing else."""

from __future__ import annotations

import hashlib
import json

from remediator.core.durations import SECOND, show_duration
from remediator.core.policy import ANYBODY
from remediator.core.records import RemedyPlan
from remediator.core.run.moves import Claim, Finish, Move, Wait
from remediator.core.run.state import RunState
from remediator.core.transitions import Mode, Status


def ask(run: RunState, cycle: int, remedy: RemedyPlan, concerns: str, now: int) -> Move | None:
    """Wait for a person; what was approved must be what would be done now."""
    shown, need = digest(run, cycle, remedy), run.asks.get(remedy.name, ANYBODY)
    if run.approved == shown and run.asked.covers(need):
        return None if run.claimed >= cycle else Claim(cycle)
    asked_at = run.waiting_since if run.status is Status.AWAITING_APPROVAL and run.waiting_since else now
    until = asked_at + int(run.plan.approval_timeout * SECOND)
    if now >= until:
        return Finish(Status.EXPIRED, f'nobody approved "{remedy.name}" in {show_duration(run.plan.approval_timeout)}')
    reason = f'waits for approval of "{remedy.name}"' + (f" by {need.persons} persons" if need.persons > 1 else "")
    again = "; what would change is no longer what was approved" if run.approved else ""
    if run.approved == shown:
        again = "; who must approve it is no longer who was asked"
    why = "; ".join(filter(None, (concerns, run.mode_reason if run.mode is Mode.ASK else "")))
    because = f"; {why}" if why else ""
    return Wait(until, Status.AWAITING_APPROVAL, reason + again + because, shown, need=need)


def has_agreed(run: RunState, cycle: int) -> bool:
    """Whether a person has said yes, and that yes was not for the remedy of an earlier cycle."""
    return bool(run.approved) and all(run.approved != _was_shown(run, earlier) for earlier in range(cycle))


def _was_shown(run: RunState, cycle: int) -> str:
    """Return the digest of what people were shown in a cycle; empty when nothing was, or not all of it."""
    first = run.journal.get(f"{cycle}/preview/0")
    remedy = next((each for each in run.plan.remedies if first and each.name == first.remedy), None)
    if remedy is None or any(f"{cycle}/preview/{index}" not in run.journal for index in range(len(remedy.steps))):
        return ""
    return digest(run, cycle, remedy)


def digest(run: RunState, cycle: int, remedy: RemedyPlan) -> str:
    """Name what an approver is shown: the remedy, its arguments, and what was there before."""
    previews = [run.journal[f"{cycle}/preview/{index}"] for index in range(len(remedy.steps))]
    shown = [remedy.name, [[entry.action, entry.args, entry.before] for entry in previews]]
    return hashlib.sha256(json.dumps(shown, sort_keys=True, default=str).encode()).hexdigest()[:16]
