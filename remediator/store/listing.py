"""Rows for people: lists of runs, breakers, pauses, decisions."""

from __future__ import annotations

from typing import Any

from remediator.core.breaker import Breaker, BreakerState
from remediator.store.sqlite import Tx

_RUN_KEYS = (
    "id",
    "rule",
    "guide",
    "target",
    "status",
    "reason",
    "mode",
    "created_at",
    "updated_at",
    "finished_at",
    "held_by",
    "held_until",
    "paused_by",
)


def runs(
    tx: Tx, status: str = "", rule: str = "", target: str = "", most: int = 50, storm: str = ""
) -> list[dict[str, Any]]:
    """Return the newest runs, filtered. ``status`` ``open`` means all that are not over."""
    where, values = ["1 = 1"], []
    if status == "open":
        where.append("finished_at IS NULL")
    elif status:
        where.append("status = ?")
        values.append(status)
    for column, value in (("rule", rule), ("target", target), ("storm", storm)):
        if value:
            where.append(f"{column} = ?")
            values.append(value)
    # Only fixed words are joined in; values are bound.
    query = f"SELECT {', '.join(_RUN_KEYS)} FROM run WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?"  # noqa: S608 -- see above
    return [dict(zip(_RUN_KEYS, row, strict=True)) for row in tx.all(query, *values, most)]


def breakers(tx: Tx) -> list[Breaker]:
    """Return every breaker that has ever failed since its reset."""
    rows = tx.all("SELECT key, state, failures, until, trials, total, failed, updated_at FROM breaker ORDER BY key")
    return [Breaker(row[0], BreakerState(row[1]), *row[2:]) for row in rows]


def decisions(tx: Tx, verdict: str = "", most: int = 50) -> list[dict[str, Any]]:
    """Return the newest decisions, with the alert that they were about."""
    keys = ("episode", "rule", "verdict", "guard", "reason", "until", "run", "at", "alertname", "fingerprint")
    rows = tx.all(
        "SELECT d.episode, d.rule, d.verdict, d.guard, d.reason, d.until, d.run, d.at, e.alertname, e.fingerprint"
        " FROM decision d JOIN episode e ON e.id = d.episode WHERE ? = '' OR d.verdict = ?"
        " ORDER BY d.episode DESC LIMIT ?",
        verdict, verdict, most,
    )  # fmt: skip
    return [dict(zip(keys, row, strict=True)) for row in rows]


SHORTEST_PART = 4  #: characters of a run's id by which it may be named


def find_run(tx: Tx, part: str) -> list[str]:
    """Return the ids that begin or end with this part."""
    if len(part) < SHORTEST_PART or not part.isalnum() or not part.isascii():
        return []
    pattern = part.lower()
    rows = tx.all("SELECT id FROM run WHERE id GLOB ? OR id GLOB ? LIMIT 5", f"{pattern}*", f"*{pattern}")
    return [run for (run,) in rows]
