"""The audit trail, read: what people did, what was decided, what was changed, in the order of time."""

from __future__ import annotations

from typing import Any

from remediator.store.journal import decode
from remediator.store.sqlite import Row, Tx

_PEOPLE = "SELECT at, who, what, subject, detail FROM audit WHERE at > ? ORDER BY at LIMIT ?"
_DECISIONS = (
    "SELECT d.at, d.rule, d.verdict, d.guard, d.reason, d.until, d.run, d.episode, e.fingerprint, e.alertname"
    " FROM decision d LEFT JOIN episode e ON e.id = d.episode WHERE d.at > ? ORDER BY d.at LIMIT ?"
)
_CHANGES = (
    "SELECT coalesce(s.finished_at, s.started_at) AS at, s.run, s.key, s.phase, s.action, s.remedy, s.outcome, s.args,"
    " s.before, s.output, s.error, r.rule, r.target, CASE WHEN EXISTS (SELECT 1 FROM approval WHERE run = r.id)"
    # Each remedy of a run has a yes of its own: the last one before the step is the one that let it.
    " THEN coalesce((SELECT group_concat(who, ', ') FROM approval WHERE run = r.id AND shown = (SELECT shown"
    " FROM approval WHERE run = r.id AND at <= s.started_at ORDER BY at DESC LIMIT 1)), '') ELSE r.approved_by END"
    " FROM step s JOIN run r ON r.id = s.run"
    " WHERE s.phase IN ('act', 'undo') AND coalesce(s.finished_at, s.started_at) > ? ORDER BY 1 LIMIT ?"
)


def page(tx: Tx, after: int, most: int) -> tuple[list[dict[str, Any]], int | None]:
    """Return entries later than ``after``, oldest first, and the time to go on from; None when that was all.

    Entries of the same microsecond stay together, so that none is left out between two pages.
    """
    found = [
        [_person(row) for row in tx.all(_PEOPLE, after, most)],
        [_decision(row) for row in tx.all(_DECISIONS, after, most)],
        [_change(row) for row in tx.all(_CHANGES, after, most)],
    ]
    full = [entries[-1]["at"] for entries in found if len(entries) == most]
    everything = sorted((entry for entries in found for entry in entries), key=lambda entry: entry["at"])
    if not full:
        return everything, None
    end = min(full)
    whole = [entry for entry in everything if entry["at"] < end]
    if whole:
        return whole, end - 1
    return page(tx, after, most * 4)  # more than a page of one instant


def _person(row: Row) -> dict[str, Any]:
    return {"at": row[0], "kind": row[2], "who": row[1], "subject": row[3], "detail": row[4]}


def _decision(row: Row) -> dict[str, Any]:
    names = ("at", "rule", "verdict", "guard", "reason", "until", "run", "episode", "fingerprint", "alertname")
    return {"kind": "decision", "who": "remediator", **dict(zip(names, row, strict=True))}


def _change(row: Row) -> dict[str, Any]:
    names = ("at", "run", "step", "phase", "action", "remedy", "outcome")
    made = {"kind": "change", "who": row[13] or "remediator", **dict(zip(names, row[:7], strict=True))}
    return {
        **made, "rule": row[11], "target": row[12], "args": decode(row[7]), "before": decode(row[8]),
        "after": decode(row[9]), "error": row[10],
    }  # fmt: skip
