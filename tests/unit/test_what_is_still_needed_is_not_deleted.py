"""Only what is over and old is deleted: no run that somebody has to settle or has not heard of, no episode that is
open or has a run, no notification that is not dealt with, and none of the newest."""

import pytest
from fakes.small_site import SECOND, SmallSite, alert

from remediator.core.alert import Notification
from remediator.core.limits import Rung
from remediator.core.records import Outcome
from remediator.core.reporting import Telling
from remediator.store import control, inbox, ladder, outbox, retention
from remediator.store.retention import BATCH

DAY = 86400
MANY = 1_000


@pytest.fixture
def site(tmp_path):
    return SmallSite.of(tmp_path)


def ended(site, service, outcome=Outcome.DONE):
    """Let a run begin and end; return it."""
    (work,) = site.admit(alert(service)).works
    site.came(work, outcome)
    site.tick(1300)
    return work.run.id


def over(site, service, name="Down"):
    """Let an alert be over for good."""
    site.admit(alert(service, name=name, firing=False))
    inbox.close_resolved(site.tx, 0, site.now)


def left(site, table, column="id"):
    return {value for (value,) in site.tx.all(f"SELECT DISTINCT {column} FROM {table}")}


def unknown(site):
    return ended(site, "x", Outcome.UNKNOWN)


def untold(site):
    run = ended(site, "x")
    outbox.tell(site.tx, ("slack",), run, Telling.MESSAGE, "", site.now)
    return run


def on_the_ladder(site):
    run = ended(site, "x")
    ladder.set_up(site.tx, run, (Rung(60.0, "the second one"),), site.now)
    return run


def open_(site):
    (work,) = site.admit(alert("x")).works
    return work.run.id


KEPT = {"unknown": unknown, "untold": untold, "on the ladder": on_the_ladder, "open": open_}


@pytest.mark.parametrize("kind", KEPT)
@pytest.mark.parametrize("keep", [MANY, 0], ids=["too old", "too many"])
def test_a_run(site, kind, keep):
    kept = KEPT[kind](site)
    old = ended(site, "y")
    site.tick(2 * DAY)
    before = site.now - DAY * SECOND if keep else 0
    assert retention.delete_runs(site.tx, before, keep) == 1
    assert left(site, "run") == {kept}
    assert old not in left(site, "step", "run")
    assert left(site, "step", "run") == {kept}


@pytest.mark.parametrize(
    ("kind", "end"),
    [
        ("unknown", lambda site, run: control.settle(site.tx, run, "ann", "I looked", happened=False, now=site.now)),
        ("untold", lambda site, _run: outbox.told(site.tx, "slack", outbox.next_untold(site.tx, "slack", site.now, 0), None)),
        ("on the ladder", lambda site, run: ladder.take_down(site.tx, run)),
    ],
)
def test_a_run_is_when_that_is_over(site, kind, end):
    run = KEPT[kind](site)
    site.tick(2 * DAY)
    end(site, run)
    retention.delete_runs(site.tx, site.now - DAY * SECOND, MANY)
    assert left(site, "run") == set()


def test_an_unknown_run_keeps_its_lock(site):
    run = unknown(site)
    site.tick(1000 * DAY)
    retention.delete_runs(site.tx, site.now, 0)
    assert left(site, "lock", "run") == {run}


def test_the_newest_runs(site):
    runs = [ended(site, f"s{number}") for number in range(5)]
    retention.delete_runs(site.tx, 0, 3)
    assert left(site, "run") == set(runs[2:])
    retention.delete_runs(site.tx, 0, 3)
    assert left(site, "run") == set(runs[2:])


def test_old_runs_go_also_when_there_are_too_many(site):
    for number in range(3):
        ended(site, f"s{number}")
    assert retention.delete_runs(site.tx, site.now, 1) == 3


def test_a_run_of_that_very_moment(site):
    ended(site, "a")
    run = ended(site, "b")
    (at,) = site.tx.one("SELECT finished_at FROM run WHERE id = ?", run)
    retention.delete_runs(site.tx, at, MANY)
    assert left(site, "run") == {run}


def test_nothing_of_a_deleted_run_stays(site):
    gone, stays = ended(site, "a"), ended(site, "b")
    for run in (gone, stays):
        site.tx.run("INSERT INTO receipt (reporter, run, channel, ts) VALUES ('slack', ?, 'C1', '1')", run)
        site.tx.run("INSERT INTO approval (run, shown, who, reason, at) VALUES (?, 's', 'ann', 'yes', 1)", run)
    retention.delete_runs(site.tx, 0, 1)
    for table in ("step", "receipt", "approval"):
        assert left(site, table, "run") == {stays}, table


def test_only_so_many_at_a_time(site):
    run = ended(site, "a")
    columns = [name for _, name, *_ in site.tx.all("PRAGMA table_info(run)") if name != "id"]
    names = ", ".join(columns)
    for number in range(BATCH + 10):
        site.tx.run(f"INSERT INTO run (id, {names}) SELECT ?, {names} FROM run WHERE id = ?", f"copy {number}", run)
    assert retention.delete_runs(site.tx, site.now, MANY) == BATCH
    assert retention.delete_runs(site.tx, site.now, MANY) == 11


def test_an_episode(site):
    ended(site, "handled")
    over(site, "handled")
    for service in ("unmatched", "open", "resolved"):
        site.admit(alert(service, name="Other"))
    over(site, "unmatched", "Other")
    site.admit(alert("resolved", name="Other", firing=False))  # within its grace
    site.tick(2 * DAY)
    site.admit(alert("late", name="Other"))
    over(site, "late", "Other")
    site.tx.run("UPDATE episode SET closed_at = NULL WHERE fingerprint = 'Other-resolved'")
    before = site.now - DAY * SECOND
    assert retention.delete_episodes(site.tx, before) == 1
    rest = {"Other-open", "Other-resolved", "Other-late"}
    assert left(site, "episode", "fingerprint") == {"Down-handled"} | rest
    assert len(left(site, "decision", "episode")) == 1

    retention.delete_runs(site.tx, before, MANY)
    assert retention.delete_episodes(site.tx, before) == 1
    assert left(site, "episode", "fingerprint") == rest
    assert left(site, "decision", "episode") == set()


def arrived(site, notification, *, alerts=1, admitted=1):
    found = Notification("remediator", "{}", tuple(alert(f"s{n}") for n in range(alerts)), body=b"{}")
    inbox.store_notification(site.tx, notification, found, site.now, admitted)
    site.tick(1)


@pytest.mark.parametrize("keep", [MANY, 0], ids=["too old", "too many"])
def test_a_notification(site, keep):
    arrived(site, "n1", alerts=3, admitted=2)
    arrived(site, "n2", alerts=3, admitted=3)
    arrived(site, "n3", alerts=3, admitted=0)
    before = site.now if keep else 0
    assert retention.delete_notifications(site.tx, before, keep) == 1
    assert left(site, "notification") == {"n1", "n3"}
    inbox.set_admitted(site.tx, "n1", 3)
    assert retention.delete_notifications(site.tx, before, keep) == 1
    assert left(site, "notification") == {"n3"}


def test_the_newest_notifications(site):
    for number in range(5):
        arrived(site, f"n{number}")
    assert retention.delete_notifications(site.tx, 0, 3) == 2
    assert left(site, "notification") == {"n2", "n3", "n4"}
    assert retention.delete_notifications(site.tx, 0, 3) == 0


def test_a_notification_of_that_very_moment(site):
    arrived(site, "n1")
    at = site.now
    arrived(site, "n2")
    assert retention.delete_notifications(site.tx, at, MANY) == 1
    assert left(site, "notification") == {"n2"}


def test_a_pause_that_lasts(site):
    for scope, until in (("rule:a", None), ("rule:b", site.now + 10 * DAY * SECOND), ("rule:c", site.now + SECOND)):
        control.pause(site.tx, scope, "ann", "why not", until, site.now)
    site.tick(2 * DAY)
    assert retention.delete_pauses(site.tx, site.now - DAY * SECOND) == 1
    assert left(site, "pause", "scope") == {"rule:a", "rule:b"}
