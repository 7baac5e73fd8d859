"""Budgets: how many different targets were changed in a window. A row says when a target was last taken in."""

from __future__ import annotations

from collections.abc import Sequence

from remediator.core.guards import Spent
from remediator.core.limits import Throttle
from remediator.store.sqlite import Tx

Budget = tuple[str, Throttle]  #: scope, limit


def read(tx: Tx, targets: Sequence[str], budgets: Sequence[Budget]) -> tuple[Spent, ...]:
    """Return, by scope, when the last place that these targets would need was taken by another one."""
    return tuple(
        Spent("budget", scope, limit, _taken_at(tx, scope, targets, limit.max - len(targets)), len(targets))
        for scope, limit in budgets
    )


def _taken_at(tx: Tx, scope: str, targets: Sequence[str], free: int) -> int | None:
    """When the place after ``free`` others was taken, from the newest; these targets themselves do not count."""
    if free < 0:
        return None
    marks = ",".join("?" * len(targets))
    row = tx.one(
        f"SELECT at FROM touched WHERE scope = ? AND target NOT IN ({marks}) ORDER BY at DESC LIMIT 1 OFFSET ?",  # noqa: S608 -- marks only
        scope, *targets, free,
    )  # fmt: skip
    return row[0] if row else None


def take(tx: Tx, run: str, targets: Sequence[str], budgets: Sequence[Budget], now: int) -> None:
    """Take these targets in; what stood there before is kept, to be given back."""
    tx.many(
        "INSERT INTO touched (scope, target, at, run) VALUES (?,?,?,?) ON CONFLICT (scope, target) DO UPDATE"
        " SET was_at = at, was_run = run, at = excluded.at, run = excluded.run",
        [(scope, target, now, run) for scope, _ in budgets for target in targets],
    )


def give_back(tx: Tx, run: str) -> list[str]:
    """Put back what stood there before this run took its targets in. Return the scopes."""
    scopes = [scope for (scope,) in tx.all("SELECT DISTINCT scope FROM touched WHERE run = ?", run)]
    if scopes:
        tx.run("DELETE FROM touched WHERE run = ? AND was_at IS NULL", run)
        tx.run("UPDATE touched SET at = was_at, run = was_run, was_at = NULL, was_run = NULL WHERE run = ?", run)
    return scopes
