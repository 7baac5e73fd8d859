"""Who is told next, and when: rows that outlive restarts, so that no rung is skipped or told twice.

And who is reminded of what was paused and forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence

from remediator.core.durations import SECOND
from remediator.core.limits import Rung
from remediator.core.reporting import Telling
from remediator.core.transitions import Status, calls_people
from remediator.store import journal, outbox
from remediator.store.sqlite import Tx

LOOK_AGAIN = 10 * SECOND  #: at a rung whose alerts are resolved, but not for good yet


def set_up(tx: Tx, run: str, rungs: Sequence[Rung], now: int) -> None:
    """Note when each rung is to be told of a run that has just called people."""
    tx.many(
        "INSERT OR IGNORE INTO rung (run, n, name, due_at) VALUES (?,?,?,?)",
        [(run, n, rung.tell, now + int(rung.after * SECOND)) for n, rung in enumerate(rungs)],
    )


def climb(tx: Tx, reporters: tuple[str, ...], now: int, most: int = 100) -> tuple[int, int]:
    """Tell the rungs that are due; take away those that need not be told. Return how many of each.

    A rung is told and taken away in one transaction. It need not be told when somebody has acknowledged, or when
    every alert of the run is over. While they are resolved but may come back it waits.
    """
    told = dropped = 0
    rows = tx.all(
        "SELECT g.run, g.n, g.name, coalesce(r.acknowledged_by, ''), (SELECT max(e.resolved_at IS NULL)"
        " FROM decision d JOIN episode e ON e.id = d.episode WHERE d.run = g.run AND e.closed_at IS NULL)"
        " FROM rung g LEFT JOIN run r ON r.id = g.run WHERE g.due_at <= ? ORDER BY g.due_at LIMIT ?",
        now, most,
    )  # fmt: skip
    for run, n, name, acknowledged_by, fires in rows:
        if acknowledged_by or fires is None:
            dropped += tx.run("DELETE FROM rung WHERE run = ?", run)
        elif not fires:
            tx.run("UPDATE rung SET due_at = ? WHERE run = ? AND n = ?", now + LOOK_AGAIN, run, n)
        else:
            tx.run("DELETE FROM rung WHERE run = ? AND n = ?", run, n)
            outbox.tell(tx, reporters, run, Telling.ESCALATION, name, now)
            told += 1
    return told, dropped


def has_called(tx: Tx, run: str, status: Status) -> bool:
    """Whether people were called for a run that is over."""
    row = tx.one(
        "SELECT called, undoes <> '', EXISTS (SELECT 1 FROM rung WHERE rung.run = run.id) FROM run WHERE id = ?", run
    )
    called, undoes, waits = row or (0, 0, 0)
    verifies = status is Status.UNVERIFIED and journal.load(tx, run)[0].plan.verify is not None
    return bool(called or waits) or calls_people(status, verifies=verifies, undoes=bool(undoes))


def take_down(tx: Tx, run: str) -> int:
    """Nobody else need be told; return how many rungs were left."""
    return tx.run("DELETE FROM rung WHERE run = ?", run)


def forgotten(tx: Tx, before: int, most: int = 100) -> list[str]:
    """Return the runs that somebody paused by then, and of which nobody has been reminded since."""
    rows = tx.all(
        "SELECT id FROM run WHERE finished_at IS NULL AND paused_by <> '' AND called = 0 AND paused_at <= ?"
        " ORDER BY created_at LIMIT ?",
        before, most,
    )  # fmt: skip
    return [run for (run,) in rows]


def remind(tx: Tx, reporters: tuple[str, ...], runs: Sequence[str], now: int) -> list[str]:
    """Call people for these runs, as far as they are still paused; return which they were."""
    query = "UPDATE run SET called = 1 WHERE id = ? AND finished_at IS NULL AND paused_by <> '' AND called = 0"
    called = [run for run in runs if tx.run(query, run)]
    for run in called:
        outbox.tell(tx, reporters, run, Telling.MESSAGE, "", now)
        outbox.tell(tx, reporters, run, Telling.ESCALATION, "", now)
    return called
