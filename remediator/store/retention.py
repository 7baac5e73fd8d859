"""Deletes what is over, in batches small enough for others to go between."""

from __future__ import annotations

from remediator.core.durations import SECOND
from remediator.store.sqlite import Tx

BATCH = 200
AUDIT_KEPT_BY_SCHEMA = 396 * 86400 * SECOND  #: the trigger audit_is_kept refuses to delete what is younger
DECISIONS_KEPT_BY_SCHEMA = 7 * 86400 * SECOND  #: the same, of decisions


def delete_runs(tx: Tx, before: int, keep: int) -> int:
    """Delete some finished runs: ended before then, or beyond the newest ``keep``. Unknown ones hold locks and stay."""
    boundary = tx.one(
        "SELECT finished_at FROM run WHERE finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT 1 OFFSET ?", keep
    )
    limit = max(before, boundary[0] + 1) if boundary else before
    runs = tx.all(
        "SELECT id FROM run WHERE finished_at IS NOT NULL AND finished_at < ? AND status <> 'unknown'"
        " AND id NOT IN (SELECT run FROM outbox) AND id NOT IN (SELECT run FROM rung) ORDER BY finished_at LIMIT ?",
        limit, BATCH,
    )  # fmt: skip
    for (run,) in runs:
        for table, column in (("step", "run"), ("receipt", "run"), ("outbox", "run"), ("approval", "run"),
                              ("run", "id")):  # fmt: skip
            tx.run(f"DELETE FROM {table} WHERE {column} = ?", run)  # noqa: S608 -- fixed words
    return len(runs)


def delete_episodes(tx: Tx, before: int) -> int:
    """Delete some episodes that closed before then and have no run left, with their decisions."""
    episodes = tx.all(
        "SELECT id FROM episode e WHERE closed_at < ?"
        " AND NOT EXISTS (SELECT 1 FROM decision d JOIN run r ON r.id = d.run WHERE d.episode = e.id) LIMIT ?",
        before, BATCH,
    )  # fmt: skip
    for (episode,) in episodes:
        tx.run("DELETE FROM decision WHERE episode = ?", episode)
        tx.run("DELETE FROM episode WHERE id = ?", episode)
    return len(episodes)


def delete_notifications(tx: Tx, before: int, keep: int) -> int:
    """Delete some admitted bodies that came before then, or beyond the newest ``keep``."""
    boundary = tx.one("SELECT id FROM notification ORDER BY id DESC LIMIT 1 OFFSET ?", keep)
    return tx.run(
        "DELETE FROM notification WHERE id IN (SELECT id FROM notification WHERE (at < ? OR id <= ?)"
        " AND id NOT IN (SELECT notification FROM admitting) ORDER BY id LIMIT ?)",
        before, boundary[0] if boundary else "", BATCH,
    )  # fmt: skip


def delete_audit(tx: Tx, before: int, decisions_before: int = 0) -> int:
    """Delete some entries of the audit trail, and change times of targets, that are older than then.

    Decisions are kept as long as runs are: they are as many as alerts.
    """
    newest = tx.one("SELECT at FROM audit ORDER BY id DESC LIMIT 1")
    # What the schema itself keeps counts from the newest entry; after a quiet month that is longer.
    until = min(before, newest[0] - AUDIT_KEPT_BY_SCHEMA) if newest else before
    decided = min(decisions_before, newest[0] - DECISIONS_KEPT_BY_SCHEMA) if newest else decisions_before
    # The oldest are looked at, not all: ids are in the order of time.
    old = tx.run("DELETE FROM audit WHERE at < ? AND id IN (SELECT id FROM audit ORDER BY id LIMIT ?)", until, BATCH)
    old += tx.run(
        "DELETE FROM audit WHERE at < ? AND id IN (SELECT id FROM audit WHERE what = 'decision' ORDER BY id LIMIT ?)",
        decided, BATCH,
    )  # fmt: skip
    return old + tx.run(
        "DELETE FROM changed WHERE target IN (SELECT target FROM changed WHERE at < ? LIMIT ?)", before, BATCH
    )


def delete_pauses(tx: Tx, before: int) -> int:
    """Delete pauses and maintenances that were over before then."""
    return tx.run("DELETE FROM pause WHERE scope IN (SELECT scope FROM pause WHERE until < ? LIMIT ?)", before, BATCH)


def delete_spent(tx: Tx, before: int) -> int:
    """Delete reservations older than any window."""
    deleted = tx.run("DELETE FROM touched WHERE (scope, target) IN (SELECT scope, target FROM touched WHERE at < ?"
                     " LIMIT ?)", before, BATCH)  # fmt: skip
    deleted += tx.run("DELETE FROM remedied WHERE (target, rule, at) IN (SELECT target, rule, at FROM remedied"
                      " WHERE at < ? LIMIT ?)", before, BATCH)  # fmt: skip
    rows = tx.all("SELECT scope, n FROM spent WHERE at < ? ORDER BY at LIMIT ?", before, BATCH)
    for scope, n in rows:
        tx.run("DELETE FROM spent WHERE scope = ? AND n = ?", scope, n)
    return deleted + len(rows)
