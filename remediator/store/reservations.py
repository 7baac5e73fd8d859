"""What a claim takes and a change leaves: locks, counts in throttles and budgets, the time of the last change."""

from __future__ import annotations

from collections.abc import Iterable

from remediator.core.guards import Facts
from remediator.core.records import Plan
from remediator.store import budgets
from remediator.store.sqlite import Tx


def take(tx: Tx, run: str, targets: tuple[str, ...], known: Facts, now: int, *, again: bool = False) -> None:
    """Take locks, and reservations in the scopes that were looked at.

    The caller has judged by ``known``, read in this same transaction. ``again``: a run is counted once, at its
    last change.
    """
    newest = known.newest
    if again:
        _give_back(tx, run)
        newest = {scope: _newest(tx, scope) for scope in newest}
    tx.many(
        "INSERT INTO lock (scope, run, at) VALUES (?,?,?) ON CONFLICT (scope) DO NOTHING",
        [(target, run, now) for target in targets],
    )
    tx.many(
        "INSERT INTO spent (scope, n, at, run) VALUES (?,?,?,?)",
        [(scope, n + 1, now, run) for scope, n in newest.items()],
    )
    budgets.take(tx, run, targets, known.places, now)


def release(tx: Tx, run: str, *, give_back: bool) -> list[str]:
    """Let go of a run's locks, and of its reservations if it changed nothing. Return runs that waited for them."""
    opened = [f"lock:{scope}" for (scope,) in tx.all("DELETE FROM lock WHERE run = ? RETURNING scope", run)]
    if give_back:
        opened += [f"throttle:{scope}" for scope in _give_back(tx, run)]
        opened += [f"budget:{scope}" for scope in budgets.give_back(tx, run)]
    woken = [found for scope in opened for found in held_on(tx, scope, most=4)]
    return [found for found in dict.fromkeys(woken) if found != run]


def held_on(tx: Tx, scope: str, most: int = 100_000) -> list[str]:
    """Return the runs that are held on this scope, oldest first."""
    return [
        run
        for (run,) in tx.all(
            "SELECT id FROM run WHERE finished_at IS NULL AND held_scope <> '' AND held_scope = ?"
            " ORDER BY created_at LIMIT ?",
            scope, most,
        )
    ]  # fmt: skip


def changed(tx: Tx, run: str, targets: Iterable[str], now: int) -> None:
    """Remember that these targets were changed: cooldowns count from here."""
    for target in targets:
        tx.run(
            "INSERT INTO changed (target, at, run) VALUES (?,?,?)"
            " ON CONFLICT (target) DO UPDATE SET at = excluded.at, run = excluded.run",
            target, now, run,
        )  # fmt: skip


def remedied(tx: Tx, run: str, plan: Plan, now: int) -> None:
    """Note that this rule changed this target, where somebody counts it."""
    if plan.limits is not None and plan.limits.repeats is not None:
        tx.run("INSERT OR IGNORE INTO remedied (target, rule, at, run) VALUES (?,?,?,?)",
               plan.target, plan.rule, now, run)  # fmt: skip


def _newest(tx: Tx, scope: str) -> int:
    row = tx.one("SELECT max(n) FROM spent WHERE scope = ?", scope)
    return (row[0] or 0) if row else 0


def _give_back(tx: Tx, run: str) -> list[str]:
    """Delete a run's reservations and close the gaps they leave. Return their scopes."""
    rows = tx.all("SELECT scope, n FROM spent WHERE run = ? ORDER BY n DESC", run)
    for scope, n in rows:
        tx.run("DELETE FROM spent WHERE scope = ? AND n = ?", scope, n)
        # Through negative numbers, so that no two rows ever share one.
        tx.run("UPDATE spent SET n = -(n - 1) WHERE scope = ? AND n > ?", scope, n)
        tx.run("UPDATE spent SET n = -n WHERE scope = ? AND n < 0", scope)
    return [scope for scope, _ in rows]
