"""What people do to runs, breakers and pauses: a row and an audit entry in one unit.

Each function returns the runs that should be looked at now.
"""

from __future__ import annotations

import re
from typing import Any

from remediator.core.durations import SECOND, show_duration
from remediator.core.guards import Pause
from remediator.core.run import REFUSED
from remediator.core.transitions import Status
from remediator.errors import ConflictError, NotFoundError
from remediator.store import breakers, facts, journal, ladder, reservations, storms
from remediator.store.audit import append
from remediator.store.sqlite import Tx

PAUSE_KINDS = {
    "rule": "rule:NAME",
    "namespace": "namespace:CONNECTION/NAMESPACE",
    "cluster": "cluster:CONNECTION",
    "target": "target:PATTERN",
}
_SHAPES = {"rule": r"\S(.*\S)?", "namespace": "[^/]+/[^/]+", "cluster": "[^/]+"}


def approve(tx: Tx, run: str, who: str, reason: str, shown: str, now: int, *, known: bool = True) -> list[str]:
    """Approve what a run has shown. It diagnoses again and asks again if it would now do something else.

    ``known``: who it is has been proved. A name that anybody may give is neither a certain nor a second person.
    """
    row = _awaiting(tx, run)
    if shown and shown != row:
        raise ConflictError(f"run {run} now shows {row}, not {shown}; look again: remediator runs show {run}")
    said = _enough(tx, run, who, reason, row, now, known=known)
    if not said:
        return [run]
    journal.supersede(tx, run, now)
    names = ", ".join(name for name, _ in said)
    reasons = reason if len(said) == 1 else "; ".join(f"{name}: {why}" for name, why in said)
    tx.run(
        "UPDATE run SET status = ?, approved = shown, approved_by = ?, approval_reason = ?, due_at = ?, updated_at = ?,"
        " waiting_since = NULL, reason = 'approved' WHERE id = ?",
        Status.QUEUED, names, reasons[:1000], now, now, run,
    )  # fmt: skip
    append(tx, who, "approve", run, reason, now, before={"status": Status.AWAITING_APPROVAL}, after={"approved": row})
    return [run]


def _enough(tx: Tx, run: str, who: str, reason: str, shown: str, now: int, *, known: bool) -> list[tuple[str, str]]:
    """Note one person's yes; return who has said it of the same thing, and why; nobody while more must."""
    asked = tx.one("SELECT persons, approvers FROM run WHERE id = ?", run)
    persons, approvers = (int(asked[0]), str(asked[1])) if asked else (1, "")
    if not known and (persons > 1 or approvers):
        raise ConflictError(f"the site's policy says who may approve run {run}, but nobody has to log in here:"
                            " give the daemon --web.config.file with basic_auth_users")  # fmt: skip
    if approvers and who not in approvers.split(","):
        raise ConflictError(f"{who} may not approve run {run}; who may: {approvers.replace(',', ', ')}")
    tx.run(
        "INSERT OR REPLACE INTO approval (run, shown, who, reason, at) VALUES (?,?,?,?,?)",
        run, shown, who, reason[:1000], now,
    )  # fmt: skip
    rows = tx.all("SELECT who, reason FROM approval WHERE run = ? AND shown = ? ORDER BY at", run, shown)
    said = [(name, why) for name, why in rows if not approvers or name in approvers.split(",")]
    if persons <= 1:
        return [(who, reason)]
    if len(said) >= persons:
        return said
    append(tx, who, "approve", run, f"{len(said)} of {persons}: {reason}", now)
    tx.run("UPDATE run SET reason = ?, updated_at = ? WHERE id = ?",
           f"approved by {', '.join(name for name, _ in said)}; {len(said)} of {persons}"[:1000], now, run)  # fmt: skip
    return []


def refuse(tx: Tx, run: str, who: str, reason: str, now: int) -> list[str]:
    """Refuse what a run has asked for: the engine ends it, so that it is told, counted and logged as any end is."""
    _awaiting(tx, run)
    tx.run(
        "UPDATE run SET approved = ?, cancelled_by = ?, due_at = ?, updated_at = ? WHERE id = ?",
        REFUSED, f"{who}: {reason}"[:500], now, now, run,
    )  # fmt: skip
    append(tx, who, "refuse", run, reason, now)
    return [run]


def cancel(tx: Tx, run: str, who: str, reason: str, now: int, *, take_back: bool = False) -> list[str]:
    """Have a run end before its next step; ``take_back``: what it has changed by then is taken back by another run."""
    _open(tx, run)
    if take_back and tx.one("SELECT 1 FROM run WHERE id = ? AND undoes <> ''", run):
        raise ConflictError(f"run {run} takes another one back; what it took back can be done by hand")
    tx.run(
        "UPDATE run SET cancelled_by = ?, take_back = ?, due_at = ?, updated_at = ? WHERE id = ?",
        f"{who}: {reason}"[:500], int(take_back), now, now, run,
    )  # fmt: skip
    append(tx, who, "cancel", run, f"{reason} (what it changed goes back)" if take_back else reason, now)
    return [run]


def pause_run(tx: Tx, run: str, who: str, reason: str, now: int) -> list[str]:
    """Have one run stop before its next step. It is there until it is resumed or cancelled; no time runs out for it."""
    _open(tx, run)
    if (by := _paused(tx, run)) is not None:
        raise ConflictError(f"run {run} is paused already, by {by[0]}")
    tx.run(
        "UPDATE run SET paused_by = ?, paused_at = ?, called = 0, updated_at = ? WHERE id = ?",
        f"{who}: {reason}"[:500], now, now, run,
    )  # fmt: skip
    append(tx, who, "pause run", run, reason, now, after={"paused_by": who})
    return [run]


def resume_run(tx: Tx, run: str, who: str, reason: str, now: int) -> list[str]:
    """Have a paused run go on. The time of the pause counts neither against the run's own time nor an approval's."""
    _open(tx, run)
    paused = _paused(tx, run)
    if paused is None:
        raise ConflictError(f"run {run} is not paused")
    lost = now - paused[1]
    tx.run(
        "UPDATE run SET paused_by = '', paused_at = NULL, called = 0, deadline = deadline + ?,"
        " waiting_since = waiting_since + ?, held_by = CASE held_by WHEN 'pause' THEN '' ELSE held_by END,"
        " due_at = ?, updated_at = ? WHERE id = ?",
        lost, lost, now, now, run,
    )  # fmt: skip
    append(tx, who, "resume run", run, reason, now, before={"paused_by": paused[0]})
    return [run]


def _paused(tx: Tx, run: str) -> tuple[str, int] | None:
    """Return who has paused a run, and when."""
    row = tx.one("SELECT paused_by, paused_at FROM run WHERE id = ? AND paused_by <> ''", run)
    return (str(row[0]), int(row[1])) if row else None


def acknowledge(tx: Tx, run: str, who: str, reason: str, now: int) -> list[str]:
    """Say that somebody has taken a run over: nobody else is told."""
    status, finished_at = _status(tx, run)
    if finished_at is not None and not ladder.has_called(tx, run, status):
        raise ConflictError(f"run {run} is over ({status}) and has called nobody: nobody is waited for")
    tx.run("UPDATE run SET acknowledged_by = ?, updated_at = ? WHERE id = ?", who[:200], now, run)
    left = ladder.take_down(tx, run)
    append(tx, who, "acknowledge", run, f"{reason} ({left} rungs were left)", now)
    return []


def settle(tx: Tx, run: str, who: str, reason: str, *, happened: bool, now: int) -> list[str]:
    """Say what became of an unknown run; its locks are let go."""
    status, _ = _status(tx, run)
    if status is not Status.UNKNOWN:
        raise ConflictError(f"run {run} is {status}; only unknown ones can be settled")
    settled = Status.SUCCEEDED if happened else Status.FAILED
    tx.run(
        "UPDATE run SET status = ?, reason = ?, updated_at = ? WHERE id = ?",
        settled, f"settled by {who}: {reason}"[:1000], now, run,
    )  # fmt: skip
    if happened:
        _is_done(tx, run, who)
    append(tx, who, "settle", run, reason, now, before={"status": "unknown"}, after={"status": settled})
    tried = "SELECT 1 FROM step WHERE run = ? AND phase = 'act' AND outcome IN ('done', 'failed') AND attempt > 0"
    changed = happened or tx.one(tried, run)
    return reservations.release(tx, run, give_back=not changed)


def _is_done(tx: Tx, run: str, who: str) -> None:
    """Note that the doubtful change was made. It can be taken back where the journal has what was there before."""
    tx.run(
        "UPDATE step SET outcome = 'done', error = ? || error WHERE run = ? AND phase = 'act' AND outcome = 'unknown'"
        " AND before IS NOT NULL",
        f"{who[:200]} says that it happened; ", run,
    )  # fmt: skip


def pause(tx: Tx, scope: str, who: str, reason: str, until: int | None, now: int, *, kind: str = "pause") -> list[str]:
    """Stop what a scope names before its next change. A maintenance is a pause that has an end."""
    kind_of, _, name = scope.partition(":")
    if not (scope == "global" or (kind_of in PAUSE_KINDS and name.strip())) or len(scope) > 500:  # noqa: PLR2004 -- a name
        raise ConflictError(f'a pause is for "global", or {", ".join(PAUSE_KINDS.values())}; not "{scope[:100]}"')
    if kind == "maintenance" and until is None:
        raise ConflictError("a maintenance has an end: say for how long")
    if kind_of in _SHAPES and not re.fullmatch(_SHAPES[kind_of], name):
        raise ConflictError(
            f'{PAUSE_KINDS[kind_of]} is how such a pause is written; "{scope[:100]}" would hold nothing'
        )
    if until is not None and until <= now:
        open_end = ", or leave it out: then it lasts until it is resumed" if kind == "pause" else ""
        raise ConflictError(f"a {kind} of no time holds nothing; say for how long, such as 30m{open_end}")
    _cut_none_short(tx, scope, until, now)
    before = _pause_now(tx, scope)
    tx.run(
        "INSERT OR REPLACE INTO pause (scope, author, reason, until, at, kind) VALUES (?,?,?,?,?,?)",
        scope, who, reason[:1000], until, now, kind,
    )  # fmt: skip
    append(tx, who, kind, scope, reason, now, before=before, after=_pause_now(tx, scope))
    return []


def _pause_now(tx: Tx, scope: str) -> dict[str, Any] | None:
    """Return a scope's pause as the audit trail shows it."""
    row = tx.one("SELECT author, reason, until, kind FROM pause WHERE scope = ?", scope)
    return dict(zip(("author", "reason", "until", "kind"), row, strict=True)) if row else None


def _cut_none_short(tx: Tx, scope: str, until: int | None, now: int) -> None:
    """Refuse to end somebody's pause by a shorter one. Raise ConflictError."""
    row = tx.one("SELECT author, until FROM pause WHERE scope = ? AND (until IS NULL OR until > ?)", scope, now)
    if row is None or (until is None and row[1] is None):
        return
    if row[1] is None or (until is not None and until < row[1]):
        left = "until it is resumed" if row[1] is None else f"for another {show_duration((row[1] - now) / SECOND)}"
        raise ConflictError(f"{row[0]} has paused {scope} {left}; to shorten that, resume it first")


def resume(tx: Tx, scope: str, who: str, now: int) -> list[str]:
    """Lift a pause, or end a storm (``storm:SCOPE``); what it held is judged again."""
    if scope.startswith("storm:"):
        if not storms.end(tx, scope.removeprefix("storm:"), now):
            raise NotFoundError(f'there is no storm "{scope}"')
        append(tx, who, "end storm", scope, "", now)
        return reservations.held_on(tx, scope)
    before = _pause_now(tx, scope)
    if not tx.run("DELETE FROM pause WHERE scope = ?", scope):
        raise NotFoundError(f'nothing is paused under "{scope}"')
    append(tx, who, "resume", scope, "", now, before=before)
    return reservations.held_on(tx, f"pause:{scope}")


def reset_breaker(tx: Tx, key: str, who: str, now: int) -> list[str]:
    """Close a breaker by hand; what it held is judged again."""
    was = breakers.one(tx, key)
    if not tx.run("DELETE FROM breaker WHERE key = ?", key):
        raise NotFoundError(f'there is no breaker "{key}"; remediator breakers list shows them')
    tx.run("DELETE FROM trial WHERE key = ?", key)
    before = {"state": was.at(now).state, "failures": was.failures} if was else None
    append(tx, who, "reset", key, "", now, before=before)
    return reservations.held_on(tx, key)


def all_pauses(tx: Tx) -> tuple[Pause, ...]:
    """Return every pause, also those whose time is over."""
    return facts.pauses(tx)


def _status(tx: Tx, run: str) -> tuple[Status, int | None]:
    row = tx.one("SELECT status, finished_at FROM run WHERE id = ?", run)
    if row is None:
        raise NotFoundError(f"there is no run {run}")
    return Status(row[0]), row[1]


def _open(tx: Tx, run: str) -> None:
    status, finished_at = _status(tx, run)
    if finished_at is not None:
        raise ConflictError(f"run {run} is over: {status}")


def _awaiting(tx: Tx, run: str) -> str:
    status, _ = _status(tx, run)
    if status is not Status.AWAITING_APPROVAL:
        raise ConflictError(f"run {run} is {status}; it does not wait for an approval")
    row = tx.one("SELECT shown, cancelled_by FROM run WHERE id = ?", run)
    if row and row[1]:
        raise ConflictError(f"run {run} ends just now: {row[1]}")
    return str(row[0]) if row else ""
