"""The audit trail: who did what, and what was there before and after. Appended to, never edited.

What people and the daemon do is appended here; decisions and changes append themselves (the triggers
of migration 3), so that no statement can forget to. ``id`` is the order of writing: it only grows,
whatever the clock does, and is where a reader goes on.
"""

from __future__ import annotations

from typing import Any

from remediator.core.redaction import redact, redact_tree
from remediator.store.journal import decode, encode
from remediator.store.sqlite import Row, Tx

KEPT = 8000  #: characters of what was before, and of what is after

_PAGE = (
    "SELECT a.id, a.at, a.who, a.what, a.subject, a.detail, a.before, a.after, a.more, e.fingerprint, e.alertname"
    " FROM audit a LEFT JOIN episode e ON a.what = 'decision' AND e.id = a.subject"
    " WHERE a.id > ? AND a.at > ? ORDER BY a.id LIMIT ?"
)
_PEOPLE = (
    "SELECT id, at, who, what, subject, detail, before, after FROM audit WHERE what NOT IN ('decision', 'change')"
    " AND id < ? ORDER BY id DESC LIMIT ?"
)


def append(
    tx: Tx, who: str, what: str, subject: str, detail: str, now: int, *, before: Any = None, after: Any = None
) -> None:
    """Append one entry. ``before`` and ``after`` are JSON trees; None where there is nothing to say."""
    tx.run(
        "INSERT INTO audit (at, who, what, subject, detail, before, after) VALUES (?,?,?,?,?,?,?)",
        now, who[:200], what, subject[:500], detail[:2000], _kept(before), _kept(after),
    )  # fmt: skip


def page(tx: Tx, after: int, most: int, since: int = 0) -> list[dict[str, Any]]:
    """Return the next entries behind the one with the id ``after``, in the order of writing, later than ``since``."""
    return [_entry(row) for row in tx.all(_PAGE, after, since, most)]


def people(tx: Tx, before: int, most: int) -> list[dict[str, Any]]:
    """Return the newest entries but decisions and changes, newest first; those before the one with this id."""
    names = ("id", "at", "who", "what", "subject", "detail")
    return [
        {**dict(zip(names, row[:6], strict=True)), "before": decode(row[6]), "after": decode(row[7])}
        for row in tx.all(_PEOPLE, before, most)
    ]


def _entry(row: Row) -> dict[str, Any]:
    number, at, who, what, subject, detail, before, after, more, fingerprint, alertname = row
    entry: dict[str, Any] = {"id": number, "at": at, "kind": what, "who": who, **(decode(more) or {})}
    if what == "decision":
        entry |= {"episode": subject, "fingerprint": fingerprint, "alertname": alertname, "reason": detail}
    elif what == "change":
        entry["error"] = detail
    else:
        entry |= {"subject": subject, "detail": detail}
    return {**entry, "before": decode(before), "after": decode(after)}


def _kept(value: Any) -> str | None:
    """Return the JSON of a tree, without secrets and of a bounded size."""
    if value is None:
        return None
    text = encode(redact_tree(value, KEPT))
    return text if len(text) <= 2 * KEPT else encode(redact(text, KEPT))
