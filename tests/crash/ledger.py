"""Reads what a daemon's file says, alive or dead, and judges it against what the world saw.

The file is opened read-only: looking at the store of a killed process changes nothing of what the
next one will find.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from crash.sink import Book

NOTIFICATIONS = "SELECT id, id NOT IN (SELECT notification FROM admitting) FROM notification"
DECISIONS = "SELECT e.fingerprint, d.verdict, coalesce(d.run, '') FROM decision d JOIN episode e ON e.id = d.episode"
POST_ACTIONS = '"method":"POST"'
FINAL = frozenset({
    "succeeded", "recovered_itself", "unverified", "observed", "refused", "cancelled", "expired", "failed", "undone",
    "escalated", "unknown",
})  # fmt: skip


@dataclass(frozen=True)
class Step:
    """A row of the journal."""

    run: str
    key: str
    phase: str
    outcome: str
    once: bool  #: it must not be repeated

    @property
    def sent_as(self) -> str:
        """The key that the service got."""
        return f"{self.run}/{self.key}"


@dataclass(frozen=True)
class Run:
    """A run's row."""

    id: str
    rule: str
    status: str
    held_scope: str
    over: bool
    settled: bool  #: a person has said what became of it


@dataclass(frozen=True)
class Ledger:
    """All that the invariants are about."""

    runs: dict[str, Run] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    locks: tuple[tuple[str, str], ...] = ()  #: (scope, run)
    notifications: dict[str, bool] = field(default_factory=dict)  #: id -> all of its alerts are dealt with
    decisions: tuple[tuple[str, str, str], ...] = ()  #: (fingerprint, verdict, run)
    fingerprints: frozenset[str] = frozenset()
    untold: int = 0
    gaps: tuple[str, ...] = ()  #: scopes whose reservations are not numbered 1, 2, 3 ...

    @property
    def begun(self) -> tuple[Step, ...]:
        """Steps that were in flight."""
        return tuple(step for step in self.steps if step.outcome == "intent")

    def unknown(self) -> set[str]:
        """Return the runs of which nobody can tell."""
        return {run.id for run in self.runs.values() if run.status == "unknown"}

    def settled(self) -> bool:
        """Whether nothing is left to do but for people."""
        stuck = {f"lock:{scope}" for scope, run in self.locks if run in self.unknown()}
        return (
            not self.untold
            and all(self.notifications.values())
            and all(run.over or run.held_scope in stuck for run in self.runs.values())
        )

    def essence(self) -> object:
        """Return what must not change any more once all is settled."""
        runs = sorted((run.id, run.status) for run in self.runs.values())
        return runs, sorted(self.steps, key=lambda step: step.sent_as), self.locks


def read(path: Path) -> Ledger:
    """Return what the file says now."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as db:
        db.execute("BEGIN")
        runs = [
            Run(run, rule, status, held, over is not None, reason.startswith("settled by "))
            for run, rule, status, held, over, reason in db.execute(
                "SELECT id, rule, status, held_scope, finished_at, reason FROM run"
            )
        ]
        steps = tuple(
            Step(run, key, phase, outcome, phase == "act" and POST_ACTIONS in args)
            for run, key, phase, outcome, args in db.execute("SELECT run, key, phase, outcome, args FROM step")
        )
        spent = db.execute("SELECT scope FROM spent GROUP BY scope HAVING max(n) <> count(*) OR min(n) <> 1").fetchall()
        return Ledger(
            runs={run.id: run for run in runs},
            steps=steps,
            locks=tuple(db.execute("SELECT scope, run FROM lock ORDER BY scope")),
            notifications={n: bool(all_) for n, all_ in db.execute(NOTIFICATIONS)},
            decisions=tuple(db.execute(DECISIONS)),
            fingerprints=frozenset(row[0] for row in db.execute("SELECT fingerprint FROM episode")),
            untold=db.execute("SELECT count(*) FROM outbox").fetchone()[0],
            gaps=tuple(row[0] for row in spent),
        )  # fmt: skip


def broken_at_death(then: Ledger, book: Book, acknowledged: Iterable[str]) -> list[str]:
    """Return what must hold of a file at the moment its process was killed, and does not."""
    wrong = [f"{n} was acknowledged, but is not in the store" for n in acknowledged if n not in then.notifications]
    written = {step.sent_as for step in then.steps}
    wrong += [f"{key} was performed before its intent was stored" for key in book.arrivals if key not in written]
    return wrong


def broken_since(then: Ledger, arrived: dict[str, int], looked: dict[str, int], now: Book) -> list[str]:
    """Return the steps that had been journalled as done and were performed again all the same.

    ``arrived`` and ``looked`` are the book's counts when ``then`` was read.
    """
    done = {step.sent_as: step for step in then.steps if step.outcome == "done"}
    wrong = [
        f"{key} was done, and was performed again"
        for key, step in done.items()
        if step.phase == "act" and len(now.arrivals.get(key, ())) != arrived.get(key, 0)
    ]
    for who, verdict, run in then.decisions:
        if verdict != "joined" and f"{run}/0/diagnose/look" in done and now.looks.get(who, 0) != looked.get(who, 0):
            wrong.append(f"the diagnosis for {who} was made, and was made again")
    return wrong


def broken_at_the_end(end: Ledger, book: Book, may_be_unknown: set[str]) -> list[str]:
    """Return what must hold when all is settled, and does not. ``may_be_unknown``: the steps in flight at kills."""
    wrong = [f"notification {n} was never dealt with" for n, dealt in end.notifications.items() if not dealt]
    wrong += [f"run {run.id} ({run.rule}) is neither over nor held: {run.status}"
              for run in end.runs.values() if run.status not in FINAL and run.status != "held"]  # fmt: skip
    wrong += [f"a decision leads to no run: {who} {verdict}"
              for who, verdict, run in end.decisions if verdict != "refused" and run not in end.runs]  # fmt: skip
    unknown = end.unknown()
    wrong += [f"{scope} is locked by {run}: {end.runs[run].status}" for scope, run in end.locks if run not in unknown]
    wrong += [f"the reservations of {scope} have gaps" for scope in end.gaps]
    journal = {step.sent_as: step for step in end.steps}
    for key, came in book.arrivals.items():
        step = journal.get(key)
        if step is None:
            wrong.append(f"{key} was performed, but is not in the journal")
        elif step.once and len(came) > 1:
            wrong.append(f"{key} must not be repeated, and was performed {len(came)} times")
    for step in end.steps:
        came = book.arrivals.get(step.sent_as, [])
        if step.phase == "act" and step.outcome == "done" and not came:
            wrong.append(f"{step.sent_as} is done in the journal, but never happened")
        if step.outcome == "intent":
            wrong.append(f"{step.sent_as} has no outcome")
        if step.outcome == "unknown" and step.sent_as not in may_be_unknown:
            wrong.append(f"{step.sent_as} is unknown, but was not in flight at a kill")
    with_unknown_step = {step.run for step in end.steps if step.outcome == "unknown"}
    to_settle = unknown | {run.id for run in end.runs.values() if run.settled}
    wrong += [f"run {run} was not unknown by a step" for run in to_settle ^ with_unknown_step]
    return wrong
