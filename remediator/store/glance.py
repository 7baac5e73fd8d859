"""One look at everything that can object to a run: most of it is mostly absent, and then need not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from remediator.store.sqlite import Tx

_HEAD = (
    "SELECT EXISTS (SELECT 1 FROM pause), EXISTS (SELECT 1 FROM breaker),"
    " EXISTS (SELECT 1 FROM run WHERE finished_at IS NULL AND held_scope <> ''), EXISTS (SELECT 1 FROM storm)"
)


class Glance(Struct, frozen=True):
    """What there is at all."""

    any_pause: int  #: 0 or 1, and so the next five
    any_breaker: int
    any_held: int  #: runs that a guard holds
    any_storm: int
    any_lock: int  #: on the targets, above or below them; also the run's own
    any_change: int  #: of the targets, or of what is above or below them
    spent: Mapping[str, int]  #: how many were let through, by limited scope
    touched: Mapping[str, int]  #: how many places were taken, by the scope of a budget


def look(tx: Tx, targets: Sequence[str], limited: Sequence[str], budgets: Sequence[str]) -> Glance:
    """Look once. ``limited`` and ``budgets`` are scopes."""
    values: list[str] = []
    for target in targets:
        values += around(target)
    depths = tuple(target.count("/") + 1 for target in targets)
    row = tx.one(_statement(depths, len(limited), len(budgets)), *values, *values, *limited, *budgets)
    assert row is not None  # noqa: S101 -- a SELECT without FROM has one row
    pause, breaker, held, storm, lock, change, *counts = row
    spent = {scope: n or 0 for scope, n in zip(limited, counts, strict=False)}
    touched = {scope: n or 0 for scope, n in zip(budgets, counts[len(limited) :], strict=True)}
    return Glance(pause, breaker, held, storm, lock, change, spent, touched)


def around(target: str) -> list[str]:
    """Return the values that ``condition`` asks for: the target, its ancestors, and the range below it."""
    parts = target.split("/")
    # "0" is the character after "/": everything below the target lies between the two.
    return [*("/".join(parts[:count]) for count in range(1, len(parts) + 1)), f"{target}/", f"{target}0"]


def condition(column: str, depth: int) -> str:
    """Return the condition for a target of so many segments, and what lies above and below it."""
    return f"{column} IN ({','.join('?' * depth)}) OR ({column} > ? AND {column} < ?)"


@lru_cache(256)
def _statement(depths: tuple[int, ...], limited: int, budgets: int) -> str:
    """Return the statement for targets of these depths and so many scopes. Made of marks only, never of data."""
    overlap = [
        f", EXISTS (SELECT 1 FROM {table} WHERE {' OR '.join(condition(column, depth) for depth in depths) or '0'})"  # noqa: S608 -- marks only
        for table, column in (("lock", "scope"), ("changed", "target"))
    ]
    newest = ", (SELECT max(n) FROM spent WHERE scope = ?)" * limited
    newest += ", (SELECT max(n) FROM touched WHERE scope = ?)" * budgets
    return "".join((_HEAD, *overlap, newest))
