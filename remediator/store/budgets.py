"""Budgets: how many different targets were changed in a window. A row says when a target was last taken in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from remediator.core.guards import Spent
from remediator.core.limits import Throttle
from remediator.store.sqlite import Tx

Budget = tuple[str, Throttle]  #: scope, limit


def read(tx: Tx, targets: Sequence[str], budgets: Sequence[Budget], taken: Mapping[str, int]) -> tuple[Spent, ...]:
    """Return, by scope, when the last place that these targets would need was taken by another one.

    ``taken``: how many places were ever taken in a scope.
    """
    return tuple(
        Spent(
            "budget", scope, limit, _taken_at(tx, scope, targets, limit.max - len(targets), taken[scope]), len(targets)
        )
        for scope, limit in budgets
    )


def _taken_at(tx: Tx, scope: str, targets: Sequence[str], free: int, taken: int) -> int | None:
    """When the place after ``free`` others was taken, from the newest; these targets themselves do not count.

    Places are numbered: as long as fewer were taken than are free, one look-up tells that none is in the way.
    """
    if free < 0 or taken <= free:
        return None
    marks = ",".join("?" * len(targets))
    row = tx.one(
        f"SELECT at FROM touched WHERE scope = ? AND target NOT IN ({marks}) ORDER BY n DESC LIMIT 1 OFFSET ?",  # noqa: S608 -- marks only
        scope, *targets, free,
    )  # fmt: skip
    return row[0] if row else None


def take(tx: Tx, run: str, targets: Sequence[str], taken: Mapping[str, int], now: int) -> None:
    """Take these targets in, in every scope of ``taken``; what stood there before is kept, to be given back."""
    tx.many(
        "INSERT INTO touched (scope, target, at, run, n) VALUES (?,?,?,?,?) ON CONFLICT (scope, target) DO UPDATE"
        " SET was_at = at, was_run = run, was_n = n, at = excluded.at, run = excluded.run, n = excluded.n",
        [
            (scope, target, now, run, number)
            for scope, before in taken.items()
            for number, target in enumerate(targets, start=before + 1)
        ],
    )


def give_back(tx: Tx, run: str) -> list[str]:
    """Put back what stood there before this run took its targets in. Return the scopes."""
    scopes = [scope for (scope,) in tx.all("SELECT DISTINCT scope FROM touched WHERE run = ?", run)]
    if scopes:
        tx.run("DELETE FROM touched WHERE run = ? AND was_at IS NULL", run)
        tx.run(
            "UPDATE touched SET at = was_at, run = was_run, n = was_n, was_at = NULL, was_run = NULL, was_n = NULL"
            " WHERE run = ?",
            run,
        )
    return scopes
