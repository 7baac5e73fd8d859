"""Trials of half-open backends: who was let through, and is still to hear from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from remediator.core.breaker import Breaker, BreakerState
from remediator.store.sqlite import Tx


def under_way(tx: Tx, breakers: Iterable[Breaker], run: str, now: int) -> Mapping[str, int]:
    """Return how many other runs are on trial, by the key of each backend's breaker that is half-open."""
    found = {}
    for key in _half_open(breakers, now):
        row = tx.one("SELECT count(*) FROM trial WHERE key = ? AND run <> ?", key, run)
        found[key] = int(row[0]) if row else 0
    return found


def begin(tx: Tx, breakers: Iterable[Breaker], run: str, now: int) -> None:
    """Note that this run is let through to the backends of those that are half-open."""
    for key in _half_open(breakers, now):
        tx.run("INSERT OR IGNORE INTO trial (key, run) VALUES (?, ?)", key, run)


def heard(tx: Tx, key: str, run: str) -> None:
    """Note that a run has heard from a backend, or has not: that is counted now."""
    tx.run("DELETE FROM trial WHERE key = ? AND run = ?", key, run)


def end(tx: Tx, run: str) -> None:
    """Take a run off all of its trials."""
    tx.run("DELETE FROM trial WHERE run = ?", run)


def _half_open(breakers: Iterable[Breaker], now: int) -> list[str]:
    return [b.key for b in breakers if b.key.startswith("backend:") and b.at(now).state is BreakerState.HALF_OPEN]
