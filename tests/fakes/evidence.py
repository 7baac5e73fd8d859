"""A store's rows as a rule's runs leave them; the rows that evidence is read from, and no more."""

from __future__ import annotations

import json
import sqlite3

from remediator.engine.clock import SystemClock
from remediator.store.sqlite import migrate

SECOND = 1_000_000


def observed(db: sqlite3.Connection, rule: str, *, count: int, recovered: int = 0, days: float = 8) -> None:
    """Make so many runs that would have acted, evenly over the last days; of some the alert resolved at once."""
    begin(db)
    for number in range(count):
        add(db, rule, number, count, days, status="observed", reason='would do "restart it"; its mode is observe',
            resolved=SECOND if number < recovered else None)  # fmt: skip


def asked(db: sqlite3.Connection, rule: str, *, approved: int, refused: int = 0, verified: int = 0, days: float = 8) -> None:
    """Make runs that asked: approved ones acted, so many of them with success; the others were refused."""
    begin(db)
    count = approved + refused
    for number in range(count):
        yes = number < approved
        status = "succeeded" if number < verified else "escalated" if yes else "refused"
        add(db, rule, number, count, days, status=status, shown="abc", approved_by="anna" if yes else "",
            cancelled_by="" if yes else "anna: no", acted=yes)  # fmt: skip


def begin(db: sqlite3.Connection) -> None:
    """Bring the schema up to date."""
    migrate(db)


def add(
    db: sqlite3.Connection, rule: str, number: int, count: int, days: float, *, status: str, reason: str = "",
    resolved: int | None = None, shown: str = "", approved_by: str = "", cancelled_by: str = "", acted: bool = False,
    target: str = "",
) -> None:  # fmt: skip
    """Make one run that is over."""
    at = SystemClock().now() - int(days * 86400 * SECOND * (count - number) / count)
    run, episode = f"{at // 1000:011x}{number:09x}", f"{at // 1000:011x}{number:08x}e"
    plan = json.dumps({"verify": None})
    db.execute(
        "INSERT INTO run (id, rule, guide, target, same, status, reason, mode, priority, plan, created_at, updated_at,"
        " finished_at, shown, approved_by, cancelled_by) VALUES (?,?,'g',?,'',?,?,'observe',3,?,?,?,?,?,?,?)",
        (run, rule, target or f"host/web-{number}", status, reason, plan, at, at, at, shown, approved_by, cancelled_by),
    )
    db.execute(
        "INSERT INTO episode (id, fingerprint, alertname, labels, annotations, starts_at, opened_at, last_seen, resolved_at,"
        " notification) VALUES (?,?,'A','{}','{}',?,?,?,?,'n')",
        (episode, episode, at, at, at, None if resolved is None else at + resolved),
    )
    db.execute("INSERT INTO decision (episode, rule, verdict, run, at) VALUES (?,?,'run',?,?)", (episode, rule, run, at))
    if acted:
        db.execute(
            "INSERT INTO step (run, key, phase, cycle, step, action, outcome, args, started_at)"
            " VALUES (?,'0/act/0','act',0,'do1_1','http.request','done','{}',?)",
            (run, at),
        )
