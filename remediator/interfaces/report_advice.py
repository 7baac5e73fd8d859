"""What a person can do now: the commands and the words of advice, all in one place."""

from __future__ import annotations

import shlex

from remediator.core.durations import show_duration
from remediator.core.records import RunView
from remediator.core.transitions import Status, calls_people
from remediator.interfaces.report_facts import doubtful, remedy_in_hand
from remediator.interfaces.report_lines import CELL, Kind, Line, clean, safe_url, show_time, show_values

_WAITS = {
    "for": "It starts when the alert has been firing long enough.",
    "lock": "Another run works on this target; it starts when that one ends.",
    "order": "An older run waits for the same thing; oldest first.",
    "cooldown": "The target was changed a short while ago; it starts when the cooldown ends.",
    "throttle": "The rule has had its share of runs; it starts when one of them is old enough.",
    "budget": "Enough targets were touched lately; it starts when one of them is old enough.",
    "breaker": "A backend does not answer; it starts when the backend does, or when its breaker is reset.",
    "window": "Its window is closed; it starts when the window opens.",
    "pause": "A person has paused this; it goes on when the pause is lifted (remediator resume).",
    "dependency": "Another alert fires that may be the cause; it starts when that one has resolved.",
    "silence": "Somebody wants this alert quiet; it starts when their silence at Alertmanager ends.",
    "storm": "More alerts came than the rule may take; look for one cause behind them.",
}
_PATIENT = frozenset({"for", "silence"})  #: what a person, or the rule, has chosen to wait for
_TOO_LONG = "Held for too long, it is escalated, not forgotten."
_UNHELPED = frozenset({
    Status.OBSERVED, Status.REFUSED, Status.EXPIRED, Status.FAILED, Status.UNDONE, Status.ESCALATED, Status.UNVERIFIED,
})  # fmt: skip


def command(verb: str, view: RunView, *rest: str, why: bool = True) -> str:
    """Return the command line that does this to the run, ready to be copied."""
    words = ["remediator", "runs", verb, shlex.quote(clean(view.id, 120)), *rest, *(['--reason "…"'] if why else [])]
    return " ".join(words)


def advice(view: RunView) -> tuple[Line, ...]:
    """Return what a person can do now, the most pressing first."""
    lines: list[Line] = []
    if view.paused_by and view.finished_at is None:
        lines += _paused(view)
    match view.status:
        case Status.AWAITING_APPROVAL:
            lines += _decide(view)
        case Status.HELD if not view.paused_by:
            lines += _wait(view)
        case Status.ACTING if view.held_by and not view.paused_by:
            lines += _stopped(view)
        case Status.UNKNOWN:
            lines += _settle(view)
        case status if status in _UNHELPED:
            lines += _by_hand(view)
            if view.plan.escalate and _waited_for(view) and not view.acknowledged_by:
                lines.append(Line(command("acknowledge", view), "Take it over", Kind.CODE))
        case _:
            pass
    if lines and (url := safe_url(view.plan.runbook_url)):
        lines.append(Line(url, "Runbook", Kind.LINK))
    lines.append(Line(command("show", view, why=False), "Everything about this run", Kind.CODE))
    return tuple(lines)


def _waited_for(view: RunView) -> bool:
    """Whether people were called for this run: only then it can be taken over."""
    if view.plan.undoes:
        return False
    verifies = view.plan.verify is not None
    return bool(view.called or view.rungs) or calls_people(view.status, verifies=verifies, undoes=False)


def _decide(view: RunView) -> list[Line]:
    limit = show_duration(view.plan.approval_timeout)
    return [
        Line(command("approve", view), "Approve", Kind.CODE, "approval"),
        Line(command("refuse", view), "Refuse", Kind.CODE, "approval"),
        Line(f"Without a decision it expires {limit} after it was asked, and nothing more is done.", topic="approval"),
    ]


def _wait(view: RunView) -> list[Line]:
    guard = view.held_by.partition(":")[0].partition("/")[0].strip().lower()
    when = f"at {show_time(view.held_until)}" if view.held_until is not None else "when the guard opens"
    end = "However long that is, nobody is called." if guard in _PATIENT else _TOO_LONG
    return [
        Line(_WAITS.get(guard, "It is judged again by itself.")),
        Line(f"It is judged again {when}. {end}"),
        Line(command("cancel", view), "Give it up", Kind.CODE),
    ]


def _stopped(view: RunView) -> list[Line]:
    return [
        Line("It has begun, keeps its locks, and goes on by itself; when its time is up meanwhile, people are called."),
        Line(command("cancel", view), "End it here", Kind.CODE),
        Line(command("cancel", view, "--undo"), "End it and take back what it changed", Kind.CODE),
    ]


def _paused(view: RunView) -> list[Line]:
    return [
        Line(f"{clean(view.paused_by, CELL)}. No time runs out for it meanwhile.", "Paused by"),
        Line(command("resume", view), "Let it go on", Kind.CODE),
        Line(command("cancel", view), "End it here", Kind.CODE),
        Line(command("cancel", view, "--undo"), "End it and take back what it changed", Kind.CODE),
    ]


def _settle(view: RunView) -> list[Line]:
    steps = [
        Line(
            f"Find out whether {clean(entry.action, 120)} took effect on {clean(view.plan.target)}: "
            f"{show_values(entry.args, named=True)}"
        )
        for entry in doubtful(view)[:3]
    ]
    return [
        *steps,
        Line(command("settle", view, "--happened"), "If it did", Kind.CODE),
        Line(command("settle", view, "--did-not-happen"), "If it did not", Kind.CODE),
        Line("The target stays locked until then: nothing else is done there."),
    ]


def _by_hand(view: RunView) -> list[Line]:
    if view.resolved_at is not None:
        return [Line("The alert has resolved; see below what was found.")]
    if view.status is Status.UNVERIFIED:
        return [Line("Look whether the alert goes away; nothing has proved that it helped.")]
    if view.status is Status.OBSERVED and (remedy := remedy_in_hand(view)):
        return [Line(f'Do by hand what "{clean(remedy, CELL)}" would have done (see below), or let the rule act.')]
    return [Line("Take over: what was found and tried stands below.")]
