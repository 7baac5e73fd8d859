"""Notifications, episodes and decisions as rows."""

from __future__ import annotations

from msgspec import Struct

from remediator.core.alert import Alert, Notification
from remediator.core.durations import SECOND
from remediator.core.limits import Flapping
from remediator.store.journal import decode, encode
from remediator.store.sqlite import Tx

JOINED_ASKED = 8  #: of the alerts that have joined a run, so many are asked about at Alertmanager, the newest ones
REJECTED_KEPT = 200  #: rejected bodies, newest first
REJECTED_BYTES = 64 * 1024  #: of each


class LastEpisode(Struct, frozen=True):
    """The newest episode of a fingerprint, as far as admission needs it."""

    id: str
    resolved_at: int | None
    decided: int
    closed_at: int | None
    last_seen: int
    flapping: int
    labels: str  #: JSON


def store_notification(tx: Tx, notification_id: str, arrived: Notification, now: int, admitted: int) -> None:
    """Store a body; ``admitted`` alerts of it are dealt with in this same transaction."""
    tx.run(
        "INSERT INTO notification (id, at, receiver, group_key, alerts, truncated, admitted, body)"
        " VALUES (?,?,?,?,?,?,?,?)",
        notification_id, now, arrived.receiver, arrived.group_key, len(arrived.alerts), arrived.truncated, admitted,
        arrived.body,
    )  # fmt: skip
    if admitted < len(arrived.alerts):
        tx.run(
            "INSERT INTO admitting (notification, admitted, alerts) VALUES (?,?,?)",
            notification_id, admitted, len(arrived.alerts),
        )  # fmt: skip


def set_admitted(tx: Tx, notification_id: str, admitted: int) -> None:
    """Note how many alerts of a notification have been dealt with, of one that was not stored with all of them."""
    tx.run("UPDATE admitting SET admitted = ? WHERE notification = ?", admitted, notification_id)
    tx.run("DELETE FROM admitting WHERE notification = ? AND admitted >= alerts", notification_id)


def admitted(tx: Tx, notification_id: str) -> int | None:
    """Return how many alerts of a notification have been dealt with; None: all."""
    row = tx.one("SELECT admitted FROM admitting WHERE notification = ?", notification_id)
    return int(row[0]) if row else None


def unadmitted(tx: Tx) -> list[tuple[str, int]]:
    """Return (id, admitted) of what was acknowledged but not yet dealt with, oldest first."""
    rows = tx.all("SELECT notification, admitted FROM admitting ORDER BY notification")
    return [(row[0], row[1]) for row in rows]


def body_of(tx: Tx, notification_id: str) -> bytes:
    """Return the body of a notification as it arrived."""
    row = tx.one("SELECT body FROM notification WHERE id = ?", notification_id)
    return bytes(row[0]) if row else b""


def store_rejected(tx: Tx, rejected_id: str, field: str, reason: str, body: bytes, now: int) -> None:
    """Keep a body that can never become right, for people to look at; the oldest make room."""
    tx.run(
        "INSERT INTO rejected (id, at, field, reason, body) VALUES (?,?,?,?,?)",
        rejected_id, now, field[:200], reason[:500], body[:REJECTED_BYTES],
    )  # fmt: skip
    tx.run("DELETE FROM rejected WHERE id NOT IN (SELECT id FROM rejected ORDER BY id DESC LIMIT ?)", REJECTED_KEPT)


def last_episode(tx: Tx, fingerprint: str) -> LastEpisode | None:
    """Return the newest episode of a fingerprint."""
    row = tx.one(
        "SELECT id, resolved_at, decided, closed_at, last_seen, flapping, labels FROM episode WHERE fingerprint = ?"
        " ORDER BY closed_at IS NULL DESC, opened_at DESC LIMIT 1",
        fingerprint,
    )
    return LastEpisode(*row) if row else None


def start_episode(
    tx: Tx, episode: str, alert: Alert, notification_id: str, previous: str | None, decided: int, now: int
) -> None:
    """Open an episode, linked to the last one of the same fingerprint; ``decided`` rules have matched."""
    tx.run(
        "INSERT INTO episode (id, fingerprint, alertname, labels, annotations, starts_at, opened_at, last_seen,"
        " previous, notification, decided) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        episode, alert.fingerprint, alert.name, encode(alert.labels), encode(alert.annotations), alert.starts_at, now,
        now, previous, notification_id, decided,
    )  # fmt: skip


def see_again(tx: Tx, episode: str, now: int) -> None:
    """Note a resend; an episode in its grace goes on."""
    tx.run("UPDATE episode SET last_seen = ?, seen = seen + 1, resolved_at = NULL WHERE id = ?", now, episode)


def resolve_episode(tx: Tx, episode: str, now: int) -> list[str]:
    """Note "resolved". Return the open runs all of whose alerts have now resolved."""
    tx.run("UPDATE episode SET resolved_at = ?, last_seen = ? WHERE id = ? AND resolved_at IS NULL", now, now, episode)
    runs = tx.all(
        "SELECT r.id FROM decision d JOIN run r ON r.id = d.run"
        " WHERE d.episode = ? AND r.finished_at IS NULL AND r.resolved_at IS NULL AND NOT EXISTS ("
        "  SELECT 1 FROM decision o JOIN episode e ON e.id = o.episode"
        "  WHERE o.run = r.id AND e.resolved_at IS NULL AND e.closed_at IS NULL)",
        episode,
    )
    for (run,) in runs:
        tx.run("UPDATE run SET resolved_at = ? WHERE id = ?", now, run)
    waited = tx.all(
        "SELECT id FROM run WHERE finished_at IS NULL AND held_scope <> '' AND held_scope ="
        " (SELECT 'dependency:' || alertname FROM episode WHERE id = ?) ORDER BY created_at LIMIT 1000",
        episode,
    )
    return [run for (run,) in (*runs, *waited)]


def gone(tx: Tx, run: str, fingerprint: str, now: int) -> list[str]:
    """Note that the alert of a run is over though no "resolved" was sent. Return the runs to be looked at."""
    rows = tx.all(
        "SELECT e.id FROM decision d JOIN episode e ON e.id = d.episode WHERE d.run = ? AND e.fingerprint = ?"
        " AND e.resolved_at IS NULL AND e.closed_at IS NULL",
        run, fingerprint,
    )  # fmt: skip
    return [woken for (episode,) in rows for woken in resolve_episode(tx, episode, now)]


def fires_again(tx: Tx, episode: str) -> None:
    """Take "resolved" back from the open runs of an episode that fires again within its grace."""
    tx.run(
        "UPDATE run SET resolved_at = NULL WHERE finished_at IS NULL AND id IN"
        " (SELECT run FROM decision WHERE episode = ?)",
        episode,
    )


def close_episode(tx: Tx, episode: str, at: int) -> None:
    """Close an episode whose grace is over."""
    tx.run("UPDATE episode SET closed_at = ? WHERE id = ?", at, episode)


def close_resolved(tx: Tx, grace: int, now: int, flapping: Flapping | None = None, most: int = 500) -> int:
    """Close the episodes whose grace is over; return how many. One that flaps stays open until it is quiet."""
    if flapping is None:
        return tx.run(
            "UPDATE episode SET closed_at = resolved_at + ? WHERE id IN (SELECT id FROM episode"
            " WHERE closed_at IS NULL AND resolved_at IS NOT NULL AND resolved_at <= ? LIMIT ?)",
            grace, now - grace, most,
        )  # fmt: skip
    return tx.run(
        "UPDATE episode SET closed_at = resolved_at + ? WHERE id IN (SELECT id FROM episode e"
        " WHERE closed_at IS NULL AND resolved_at IS NOT NULL AND resolved_at <= ? AND (resolved_at <= ? OR"
        "  flapping = 0 AND coalesce((SELECT o.opened_at FROM episode o WHERE o.fingerprint = e.fingerprint"
        "   ORDER BY o.opened_at DESC LIMIT 1 OFFSET ?), 0) < ?) LIMIT ?)",
        grace, now - grace, now - int(flapping.quiet * SECOND), flapping.max, now - int(flapping.per * SECOND), most,
    )  # fmt: skip


def close_unheard(tx: Tx, before: int, most: int = 500) -> int:
    """Close firing episodes that were not heard of since then; return how many. Their "resolved" got lost."""
    return tx.run(
        "UPDATE episode SET closed_at = last_seen WHERE id IN (SELECT id FROM episode"
        " WHERE closed_at IS NULL AND resolved_at IS NULL AND last_seen < ? LIMIT ?)",
        before, most,
    )  # fmt: skip


def flaps(tx: Tx, episode: str) -> None:
    """Note that an episode came back too often: it stays one trouble until it is quiet."""
    tx.run("UPDATE episode SET flapping = 1 WHERE id = ?", episode)


def nth_episode(tx: Tx, fingerprint: str, after: int) -> int | None:
    """Return when the episode before the last ``after`` ones of a fingerprint was opened; None if there was none."""
    row = tx.one(
        "SELECT opened_at FROM episode WHERE fingerprint = ? ORDER BY opened_at DESC LIMIT 1 OFFSET ?",
        fingerprint, after,
    )  # fmt: skip
    return row[0] if row else None


VERDICTS = ("run", "held", "joined", "refused")  #: what a decision may say


def decide(
    tx: Tx, episode: str, rule: str, verdict: str, now: int, *, guard: str = "", reason: str = "",
    until: int | None = None, run: str | None = None,
) -> None:  # fmt: skip
    """Write the decision on (episode, rule)."""
    tx.run(
        "INSERT INTO decision (episode, rule, verdict, guard, reason, until, run, at) VALUES (?,?,?,?,?,?,?,?)"
        " ON CONFLICT (episode, rule) DO UPDATE SET verdict = excluded.verdict, guard = excluded.guard,"
        " reason = excluded.reason, until = excluded.until, run = excluded.run, at = excluded.at",
        episode, rule, verdict, guard, reason[:1000], until, run, now,
    )  # fmt: skip


def decided(tx: Tx, episode: str, rules: int) -> None:
    """Note how many rules matched an episode."""
    tx.run("UPDATE episode SET decided = ? WHERE id = ?", rules, episode)


def decide_run(
    tx: Tx, run: str, verdict: str, now: int, *, guard: str = "", reason: str = "", until: int | None = None
) -> None:
    """Write what the guards said of a run into the decisions that led to it."""
    tx.run(
        "UPDATE decision SET verdict = ?, guard = ?, reason = ?, until = ?, at = ? WHERE run = ?",
        verdict, guard, reason[:1000], until, now, run,
    )  # fmt: skip


def run_to_join(tx: Tx, same: str, *, may_act: bool) -> str | None:
    """Return the open run that is equal to one about to be made, and is not about to end."""
    row = tx.one(
        "SELECT id FROM run WHERE same = ? AND finished_at IS NULL AND resolved_at IS NULL AND cancelled_by = ''"
        " AND may_act = ? LIMIT 1",
        same, int(may_act),
    )  # fmt: skip
    return row[0] if row else None


def joined(tx: Tx, run: str, fingerprint: str) -> list[dict[str, str]]:
    """Return the labels of the newest alerts, beside this one, that a run stands for and that are not over."""
    rows = tx.all(
        "SELECT e.labels FROM decision d JOIN episode e ON e.id = d.episode WHERE d.run = ? AND e.fingerprint <> ?"
        " AND e.resolved_at IS NULL AND e.closed_at IS NULL ORDER BY e.id DESC LIMIT ?",
        run, fingerprint, JOINED_ASKED,
    )  # fmt: skip
    return [decode(labels) for (labels,) in rows]


def rules_to_decide_anew(tx: Tx, episode: str) -> list[str]:
    """Return the rules whose run of this episode ended, before it acted, for a reason that has passed.

    It had resolved, or Alertmanager said that it was silenced or gone; now it is here again.
    """
    rows = tx.all(
        "SELECT d.rule FROM decision d JOIN run r ON r.id = d.run"
        " WHERE d.episode = ? AND r.status = 'cancelled' AND r.cancelled_by = ''",
        episode,
    )
    return [rule for (rule,) in rows]


def open_runs_of(tx: Tx, episode: str) -> list[str]:
    """Return the held runs of an episode: a resend has them judged again."""
    rows = tx.all(
        "SELECT r.id FROM decision d JOIN run r ON r.id = d.run"
        " WHERE d.episode = ? AND r.finished_at IS NULL AND r.held_scope <> ''",
        episode,
    )
    return [run for (run,) in rows]


def backlog(tx: Tx) -> int:
    """Return how many runs are not over."""
    row = tx.one("SELECT count(*) FROM run WHERE finished_at IS NULL")
    return int(row[0]) if row else 0
