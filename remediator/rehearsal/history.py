"""What happened in a world, read from its rows.

A run's row says how it stands now; two triggers in the rehearsal's own database write down how it
came there. The daemon's store has no such table, and nothing reads it but this module.
"""

from __future__ import annotations

import sqlite3
from functools import cache

from msgspec import Struct

from remediator.core.records import RunView
from remediator.store import journal
from remediator.store.sqlite import Tx, migrate

_TRIGGERS = """
CREATE TABLE moment (
  n INTEGER PRIMARY KEY, run TEXT NOT NULL, at INTEGER NOT NULL, status TEXT NOT NULL, held_by TEXT NOT NULL,
  held_until INTEGER, reason TEXT NOT NULL
);
CREATE TRIGGER run_begins AFTER INSERT ON run BEGIN
  INSERT INTO moment (run, at, status, held_by, held_until, reason)
  VALUES (NEW.id, NEW.updated_at, NEW.status, NEW.held_by, NEW.held_until, NEW.reason);
END;
CREATE TRIGGER run_moves AFTER UPDATE ON run WHEN NEW.status <> OLD.status OR NEW.held_by <> OLD.held_by BEGIN
  INSERT INTO moment (run, at, status, held_by, held_until, reason)
  VALUES (NEW.id, NEW.updated_at, NEW.status, NEW.held_by, NEW.held_until, NEW.reason);
END;
"""


@cache
def _empty() -> bytes:
    """Return an empty store as SQLite serializes it: the real schema, and the triggers."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(db)
        db.executescript(_TRIGGERS)
        return db.serialize()
    finally:
        db.close()


def make_rows() -> sqlite3.Connection:
    """Return an empty store in memory. Who asks closes it."""
    db = sqlite3.connect(":memory:", isolation_level=None, cached_statements=512)
    db.deserialize(_empty())
    return db


class Moment(Struct, frozen=True):
    """A run came to stand so. Times are microseconds since 1970."""

    at: int
    status: str
    held_by: str  #: the guard that holds it; empty when none does
    held_until: int | None
    reason: str


class Story(Struct, frozen=True):
    """One run: how it stands, and how it came there; or an alert that a rule took, and that was refused a run."""

    rule: str
    target: str  #: empty when no target could be told
    created_at: int
    moments: tuple[Moment, ...]
    view: RunView | None = None  #: None: there is no run
    refused_by: str = ""  #: the guard that refused it, if one did
    refused_because: str = ""

    @property
    def holds(self) -> tuple[Moment, ...]:
        """Every time that a guard held it, in order."""
        return tuple(moment for moment in self.moments if moment.held_by)

    @property
    def verdict(self) -> str:
        """What the guards said first: ``run``, ``held`` or ``refused``."""
        if self.moments and self.moments[0].held_by:
            return "held"
        return "refused" if self.refused_by else "run"


def stories(tx: Tx) -> tuple[Story, ...]:
    """Return all runs, and the refusals without one, in the order in which they came to be."""
    found = [_of_run(tx, run) for (run,) in tx.all("SELECT id FROM run ORDER BY created_at, id")]
    rows = tx.all(
        "SELECT rule, at, guard, reason FROM decision WHERE run IS NULL AND verdict = 'refused' ORDER BY at, rule"
    )
    found += [Story(rule, "", at, (), None, guard, reason) for rule, at, guard, reason in rows]
    return tuple(sorted(found, key=lambda story: story.created_at))


def _of_run(tx: Tx, run: str) -> Story:
    view = journal.view(tx, run)
    rows = tx.all("SELECT at, status, held_by, held_until, reason FROM moment WHERE run = ? ORDER BY n", run)
    refused = tx.one("SELECT guard, reason FROM decision WHERE run = ? AND verdict = 'refused'", run)
    guard, reason = refused or ("", "")
    return Story(view.plan.rule, view.plan.target, view.created_at, tuple(Moment(*row) for row in rows), view,
                 guard, reason)  # fmt: skip


def open_runs(tx: Tx) -> int:
    """Return how many runs are not over."""
    row = tx.one("SELECT count(*) FROM run WHERE finished_at IS NULL")
    return int(row[0]) if row else 0
