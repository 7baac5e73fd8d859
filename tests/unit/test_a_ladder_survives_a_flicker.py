from fakes.small_site import SmallSite, alert

from remediator.core.limits import Rung
from remediator.core.records import Outcome
from remediator.store import inbox, ladder, retention

RUNGS = {"sev-2": (Rung(300.0, "second"), Rung(900.0, "third"))}


def escalated(tmp_path):
    site = SmallSite.of(tmp_path, reporters=("slack",), ladders=RUNGS)
    (work,) = site.admit(alert("a")).works
    site.came(work, Outcome.FAILED)
    assert site.status(work.run.id) == "escalated"
    return site, work.run.id


def test_an_alert_that_is_away_for_a_moment_takes_no_rung_away(tmp_path):
    site, _ = escalated(tmp_path)
    site.tick(290)
    site.admit(alert("a", firing=False))
    site.tick(15)
    assert ladder.climb(site.tx, ("slack",), site.now) == (0, 0)
    site.admit(alert("a", starts_at=site.now))
    site.tick(15)
    assert ladder.climb(site.tx, ("slack",), site.now) == (1, 0)


def test_one_that_is_over_does(tmp_path):
    site, _ = escalated(tmp_path)
    site.tick(10)
    site.admit(alert("a", firing=False))
    site.tick(600)
    inbox.close_resolved(site.tx, 120_000_000, site.now)
    assert ladder.climb(site.tx, ("slack",), site.now)[0] == 0
    assert site.tx.all("SELECT * FROM rung") == []


def test_a_run_is_kept_while_somebody_is_still_to_be_told(tmp_path):
    site, run = escalated(tmp_path)
    site.tx.run("DELETE FROM outbox")
    assert retention.delete_runs(site.tx, site.now + 1, 0) == 0
    ladder.take_down(site.tx, run)
    site.tx.run("INSERT INTO approval (run, shown, who, reason, at) VALUES (?, 'd', 'ann', '', 1)", run)
    assert retention.delete_runs(site.tx, site.now + 1, 0) == 1
    assert site.tx.all("SELECT * FROM approval") == []
