"""Breakers as rows: one that never failed has none."""

from __future__ import annotations

from remediator.core.breaker import Breaker, BreakerLimits, BreakerState
from remediator.core.records import Plan
from remediator.store.sqlite import Tx


def one(tx: Tx, key: str) -> Breaker | None:
    """Return a breaker, or None when it never failed."""
    row = tx.one(
        "SELECT key, state, failures, until, trials, total, failed, updated_at FROM breaker WHERE key = ?", key
    )
    return Breaker(row[0], BreakerState(row[1]), *row[2:]) if row else None


def read(tx: Tx, keys: list[str]) -> tuple[Breaker, ...]:
    """Return those of these breakers that have ever failed."""
    marks = ",".join("?" * len(keys))
    rows = tx.all(
        f"SELECT key, state, failures, until, trials, total, failed, updated_at FROM breaker WHERE key IN ({marks})",  # noqa: S608 -- marks only
        *keys,
    )
    return tuple(Breaker(row[0], BreakerState(row[1]), *row[2:]) for row in rows)


def outcome_keys(plan: Plan) -> tuple[str, str]:
    """Return the keys of the outcome breakers of a plan."""
    return f"rule:{plan.rule}", f"target:{plan.target} guide:{plan.guide}"


def count(tx: Tx, key: str, *, success: bool, limits: BreakerLimits, now: int) -> Breaker | None:
    """Count one outcome. A breaker that never failed has no row, so success writes nothing."""
    was = one(tx, key)
    if was is None and success:
        return None
    made = (was or Breaker(key)).after(success=success, now=now, limits=limits)
    tx.run(
        "INSERT OR REPLACE INTO breaker (key, state, failures, until, trials, total, failed, updated_at)"
        " VALUES (?,?,?,?,?,?,?,?)",
        made.key, made.state, made.failures, made.until, made.trials, made.total, made.failed, made.updated_at,
    )  # fmt: skip
    return made


def rule_is_claimed(tx: Tx, rule: str, run: str) -> bool:
    """Whether another run of this rule holds a claim: a half-open breaker lets one trial through at a time."""
    query = "SELECT 1 FROM run WHERE rule = ? AND claimed >= 0 AND finished_at IS NULL AND id <> ? LIMIT 1"
    return tx.one(query, rule, run) is not None
