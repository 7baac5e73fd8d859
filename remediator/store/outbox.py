"""What is still to be told, in order; and what reporters returned."""

from __future__ import annotations

from msgspec import Struct

from remediator.core.reporting import Receipt, Telling
from remediator.store.sqlite import Tx

PATIENCE = 6  #: tries in which a row holds up the runs behind it: about a minute
_COLUMNS = "id, run, telling, topic, version, attempts, due_at, at"


class Untold(Struct, frozen=True):
    """One row of the outbox: one call to a reporter."""

    id: int
    run: str
    telling: Telling
    topic: str
    version: int
    attempts: int
    due_at: int
    at: int


def tell(tx: Tx, reporters: tuple[str, ...], run: str, telling: Telling, topic: str, now: int) -> None:
    """Ask every reporter to tell this. A row that still waits is not doubled: it will tell the newer state."""
    for reporter in reporters:
        tx.run(
            "INSERT INTO outbox (reporter, run, telling, topic, due_at, at) VALUES (?,?,?,?,?,?)"
            " ON CONFLICT (reporter, run, telling, topic) DO UPDATE SET version = version + 1",
            reporter, run, telling, topic, now, now,
        )  # fmt: skip


def next_untold(tx: Tx, reporter: str, now: int, at_most: int) -> Untold | None:
    """Return the oldest row of a reporter. It blocks those behind it: order is kept.

    One that could not be told ``PATIENCE`` times lets other runs pass until it is due again, and its own run's call
    for people. What is due more than ``at_most`` microseconds from now was written by a clock that was wrong: it is
    due.
    """
    row = tx.one(
        f"SELECT {_COLUMNS} FROM outbox WHERE reporter = ?1 AND NOT EXISTS (SELECT 1 FROM outbox AS stuck"  # noqa: S608 -- our own words
        " WHERE stuck.reporter = ?1 AND stuck.run = outbox.run AND stuck.attempts >= ?2"
        " AND stuck.due_at BETWEEN ?3 + 1 AND ?4"
        " AND (stuck.id = outbox.id OR stuck.id < outbox.id AND outbox.telling <> ?5)) ORDER BY id LIMIT 1",
        reporter, PATIENCE, now, now + at_most, Telling.ESCALATION,
    ) or tx.one(
        f"SELECT {_COLUMNS} FROM outbox WHERE reporter = ? AND attempts >= ? ORDER BY due_at, id LIMIT 1",  # noqa: S608 -- see above
        reporter, PATIENCE,
    )  # fmt: skip
    return Untold(row[0], row[1], Telling(row[2]), *row[3:]) if row else None


def oldest(tx: Tx, reporter: str) -> int | None:
    """Return when the oldest row of a reporter was written."""
    row = tx.one("SELECT at FROM outbox WHERE reporter = ? ORDER BY id LIMIT 1", reporter)
    return row[0] if row else None


def receipt(tx: Tx, reporter: str, run: str) -> Receipt | None:
    """Return where the run's message stands; None where it was told without a receipt, or not yet."""
    row = tx.one("SELECT channel, ts FROM receipt WHERE reporter = ? AND run = ?", reporter, run)
    return Receipt(*row) if row and row[1] else None


def told(tx: Tx, reporter: str, untold: Untold, got: Receipt | None) -> None:
    """Take a row out, unless the run changed while it was told; keep the receipt, or that there is none."""
    tx.run("DELETE FROM outbox WHERE id = ? AND version = ?", untold.id, untold.version)
    tx.run("UPDATE outbox SET attempts = 0 WHERE id = ?", untold.id)
    if untold.telling is Telling.MESSAGE:
        place = (got.channel, got.ts) if got is not None else ("", "")
        tx.run(
            "INSERT OR REPLACE INTO receipt (reporter, run, channel, ts) VALUES (?,?,?,?)", reporter, untold.run, *place
        )


def postpone(tx: Tx, untold: Untold, due_at: int) -> None:
    """Try a row again later."""
    tx.run("UPDATE outbox SET attempts = attempts + 1, due_at = ? WHERE id = ?", due_at, untold.id)


def drop(tx: Tx, untold: Untold) -> None:
    """Give a row up: the reporter will never take it."""
    tx.run("DELETE FROM outbox WHERE id = ? AND version = ?", untold.id, untold.version)


def waiting(tx: Tx) -> dict[str, int]:
    """Return how many rows wait, by reporter."""
    return dict(tx.all("SELECT reporter, count(*) FROM outbox GROUP BY reporter"))


def was_told(tx: Tx, run: str) -> bool:
    """Whether anybody has heard, or is about to hear, of this run."""
    return (
        tx.one("SELECT 1 FROM receipt WHERE run = ? UNION ALL SELECT 1 FROM outbox WHERE run = ? LIMIT 1", run, run)
        is not None
    )
