"""Storms: more new alerts than a rule, or this site, may take. Rows, so that a restart ends none."""

from __future__ import annotations

from remediator.core.durations import SECOND
from remediator.core.guards import StormNow
from remediator.core.limits import Storm
from remediator.store import digests
from remediator.store.sqlite import Tx

EVERYTHING = digests.EVERYTHING
WRITE_AGAIN = 1 * SECOND  #: a storm's row is written at most so often


def scope_of(rule: str) -> str:
    """Return the scope of a rule's storm."""
    return f"rule {rule}"


def count(
    tx: Tx, scope: str, limit: Storm, run: str, now: int, calm: dict[str, int] | None = None,
    reporters: tuple[str, ...] = (),
) -> None:  # fmt: skip
    """Count a new alert, whose run is this one: a storm begins, goes on, or there is none.

    ``calm`` is a cache: how many more alerts of a scope there can be until it is worth looking. To look costs as
    much as the limit is high; so it is done once in a while, and for every alert only while it storms.
    """
    key = f"{limit.max} {scope}"
    if calm is not None and (left := calm.get(key, 0)) > 0:
        calm[key] = left - 1
        return
    if not _too_many(tx, scope, limit, now):
        if calm is not None:
            calm[key] = limit.max - _since(tx, scope, now - int(limit.per * SECOND)) - 1
        return
    until = now + int(limit.calm * SECOND) if limit.resume == "auto" else None
    row = tx.one("SELECT until, since, evidence, ended FROM storm WHERE scope = ?", scope)
    if row is None or (row[0] is not None and row[0] <= now):
        if row is not None and not row[3]:
            digests.is_over(tx, reporters, scope, row[1], row[0], row[2], now)
        tx.run(
            "INSERT OR REPLACE INTO storm (scope, since, until, episodes, evidence) VALUES (?,?,?,?,?)",
            scope, now, until, limit.max + 1, run,
        )  # fmt: skip
        digests.begins(tx, reporters, scope, limit, run, now)
    elif until is not None and (row[0] is None or until - row[0] >= WRITE_AGAIN):
        tx.run("UPDATE storm SET until = ?, episodes = ? WHERE scope = ?", until, _since(tx, scope, row[1]), scope)


def read(tx: Tx, run: str, rule: str) -> tuple[StormNow, ...]:
    """Return the storms that are on over a rule."""
    rows = tx.all(
        "SELECT scope, since, until, episodes, evidence FROM storm WHERE scope IN (?, ?)", EVERYTHING, scope_of(rule)
    )
    return tuple(StormNow(row[0], row[1], row[2], row[3], row[4] == run) for row in rows)


def everything(tx: Tx) -> tuple[StormNow, ...]:
    """Return every storm that is noted, also those that are over."""
    rows = tx.all("SELECT scope, since, until, episodes FROM storm ORDER BY scope")
    return tuple(StormNow(*row) for row in rows)


def call_once(tx: Tx, scope: str) -> bool:
    """Whether people are still to be called for what this storm holds too long; true once a storm."""
    return bool(tx.run("UPDATE storm SET told = 1 WHERE scope = ? AND told = 0", scope.removeprefix("storm:")))


def end(tx: Tx, scope: str, now: int) -> bool:
    """End a storm; return whether one was on. Its end is told like that of any other."""
    return bool(tx.run("UPDATE storm SET until = ? WHERE scope = ? AND (until IS NULL OR until > ?)", now, scope, now))


def evidence(tx: Tx, scope: str) -> str:
    """Return the run that looks for all of a storm (``storm:SCOPE``)."""
    row = tx.one("SELECT evidence FROM storm WHERE scope = ?", scope.removeprefix("storm:"))
    return str(row[0]) if row else ""


def _too_many(tx: Tx, scope: str, limit: Storm, now: int) -> bool:
    """Whether the alert before the last ``max`` came within the window: one look-up, never a count."""
    if scope == EVERYTHING:
        row = tx.one("SELECT opened_at FROM episode ORDER BY id DESC LIMIT 1 OFFSET ?", limit.max)
    else:
        row = tx.one(
            "SELECT e.opened_at FROM (SELECT episode FROM decision WHERE rule = ? ORDER BY episode DESC"
            " LIMIT 1 OFFSET ?) d JOIN episode e ON e.id = d.episode",
            scope.removeprefix("rule "), limit.max - 1,  # the decision on this one is not written yet
        )  # fmt: skip
    return row is not None and now - int(row[0]) < limit.per * SECOND


def _since(tx: Tx, scope: str, since: int) -> int:
    """Return how many new alerts came since then; asked now and then, at most once a second while it storms."""
    first = f"{since // 1000:011x}"
    if scope == EVERYTHING:
        row = tx.one("SELECT count(*) FROM episode WHERE id >= ?", first)
    else:
        row = tx.one(
            "SELECT count(*) FROM decision WHERE rule = ? AND episode >= ?", scope.removeprefix("rule "), first
        )
    return int(row[0]) if row else 0
