"""The first line of a report: what happened, and whether a person is needed."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from remediator.core.records import Phase, RunView
from remediator.core.transitions import Status
from remediator.interfaces.report_facts import doubtful, entries, is_final, remedy_in_hand, what_changed
from remediator.interfaces.report_lines import CELL, clean, show_time

_NAME = 120


class Need(StrEnum):
    """Whether a person is needed."""

    NOW = "now"
    LOOK = "look"  #: somebody should look, nothing burns because of this run
    NOBODY = "nobody"


class Headline(Struct, frozen=True):
    """What happened, in one line."""

    symbol: str
    word: str
    need: Need
    text: str  #: symbol, word, who is needed, and the alert with its target


_SYMBOLS = {
    Status.HELD: "🚦", Status.QUEUED: "⏳", Status.DIAGNOSING: "🔎", Status.AWAITING_APPROVAL: "✋",
    Status.ACTING: "🔧", Status.VERIFYING: "🩺", Status.SUCCEEDED: "✅", Status.RECOVERED_ITSELF: "💚",
    Status.UNVERIFIED: "🟠", Status.OBSERVED: "👀", Status.REFUSED: "⛔", Status.CANCELLED: "🛑",
    Status.EXPIRED: "⌛", Status.FAILED: "❌", Status.UNDONE: "🔙", Status.ESCALATED: "🚨", Status.UNKNOWN: "❓",
}  # fmt: skip
_WORDS = {Status.RECOVERED_ITSELF: "Recovered by itself", Status.AWAITING_APPROVAL: "Awaiting approval"}
_PEOPLE_IF_FIRING = frozenset({
    Status.OBSERVED, Status.REFUSED, Status.EXPIRED, Status.FAILED, Status.UNDONE, Status.ESCALATED,
})  # fmt: skip


def headline(view: RunView) -> Headline:
    """Return the first line. It claims that nothing was changed only where the journal shows it."""
    symbol, word = _SYMBOLS[view.status], _WORDS.get(view.status, view.status.value.capitalize())
    if view.status is Status.ESCALATED and view.plan.escalate:
        word = f"{word} ({clean(view.plan.escalate, 40)})"
    need, said = _said(view)
    return Headline(symbol, word, need, f"{symbol} {word}: {said} — {about(view)}")


def about(view: RunView) -> str:
    """Return the alert and its target."""
    name = clean(view.plan.labels.get("alertname", ""), _NAME) or "an alert without a name"
    return f"{name} on {clean(view.plan.target, CELL)}"


def _said(view: RunView) -> tuple[Need, str]:  # noqa: PLR0911 -- one return a status
    if view.status in _PEOPLE_IF_FIRING:
        return _people(view)
    if not is_final(view):
        return _paused(view) if view.paused_by else _under_way(view)
    remedy, changed = _quoted(remedy_in_hand(view)), what_changed(view)
    match view.status:
        case Status.SUCCEEDED:
            return Need.NOBODY, f"{remedy + ' helped' if remedy else 'it helped'}, nobody is needed"
        case Status.RECOVERED_ITSELF:
            return Need.NOBODY, f"nobody is needed; {changed}"
        case Status.UNVERIFIED:
            return Need.LOOK, f"somebody should check whether it helped; {changed}"
        case Status.UNKNOWN:
            action = next((clean(entry.action, _NAME) for entry in doubtful(view)), "a step")
            return Need.NOW, f"a person must find out whether {action} took effect"
        case _:  # cancelled
            if view.resolved_at is not None:
                return Need.NOBODY, f"the alert has resolved, nobody is needed; {changed}"
            touched = changed != "nothing was changed"
            return (Need.LOOK if touched else Need.NOBODY), f"nothing more is done; {changed}"


def _people(view: RunView) -> tuple[Need, str]:
    """Tell of what ends with the trouble still there, unless the alert has resolved since."""
    changed = what_changed(view)
    if view.resolved_at is not None:
        need = Need.NOBODY if changed == "nothing was changed" and view.status is not Status.ESCALATED else Need.LOOK
        who = "nobody is needed" if need is Need.NOBODY else "somebody should look"
        return need, f"the alert has resolved, {who}; {changed}"
    if view.status is Status.OBSERVED and (would := remedy_in_hand(view)):
        return Need.NOW, f"a person is needed; would have done {_quoted(would)}; {changed}"
    return Need.NOW, f"a person is needed; {changed}"


def _paused(view: RunView) -> tuple[Need, str]:
    so_far = f"{what_changed(view)} so far" if entries(view, Phase.ACT) else "nothing was changed"
    if view.called:
        since = f" since {show_time(view.paused_at)}"
        return Need.NOW, f"a person is needed: it has been paused{since}, and must go on or be ended; {so_far}"
    return Need.LOOK, f"a person has paused it, and must let it go on or end it; {so_far}"


def _under_way(view: RunView) -> tuple[Need, str]:  # noqa: PLR0911 -- a return a status
    remedy = _quoted(remedy_in_hand(view))
    so_far = f"; {what_changed(view)} so far" if entries(view, Phase.ACT) else ""
    match view.status:
        case Status.AWAITING_APPROVAL:
            return Need.NOW, f"your decision is needed on {remedy or 'a remedy'}{so_far}"
        case Status.HELD:
            by = f" by {clean(view.held_by, 60)}" if view.held_by else ""
            until = f" until {show_time(view.held_until)}" if view.held_until is not None else ""
            need = Need.NOW if view.called else Need.NOBODY
            who = (
                "a person is needed, it goes on being tried"
                if view.called
                else f"nobody is needed yet, it waits{until}"
            )
            return need, f"{who}, held{by or ' back'}{so_far}"
        case Status.QUEUED:
            return Need.NOBODY, f"starts by itself, nobody is needed{so_far}"
        case Status.DIAGNOSING:
            return Need.NOBODY, f"looking, nobody is needed{so_far or '; nothing was changed'}"
        case Status.ACTING if view.held_by:
            return Need.LOOK, f"stopped half-way by {clean(view.held_by, 60)}, somebody should look{so_far}"
        case Status.ACTING:
            return Need.NOBODY, f"doing {remedy or 'something'}, nobody is needed"
        case _:  # verifying
            return Need.NOBODY, f"checking whether {remedy or 'it'} helped, nobody is needed"


def _quoted(name: str) -> str:
    return f'"{name}"' if name else ""
