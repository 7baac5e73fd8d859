import sqlite3

import pytest
from fakes.small_site import SmallSite, alert

from remediator.core.records import Outcome
from remediator.engine.upkeep import AUDIT_KEPT
from remediator.store import audit, control, retention

DAY = 86400 * 1_000_000


def whole(site, most=1000):
    """Read the trail page by page."""
    found, after = [], 0
    while entries := audit.page(site.tx, after, most):
        found += entries
        after = entries[-1]["id"]
    return found


def kinds(site):
    return [(e["kind"], e.get("verdict") or e.get("outcome") or e["subject"]) for e in whole(site)]


def a_life(site):
    """A run that is held, is let through, and changes something."""
    control.pause(site.tx, "global", "ann", "look", None, site.now)
    (work,) = site.admit(alert("a")).works
    for _ in range(3):
        site.tick(30)
        site.begin(work.run.id)  # judged again, with the same result
    site.now -= 3600 * 1_000_000  # a clock that is set back
    control.resume(site.tx, "global", "bob", site.now)
    site.came(site.begin(work.run.id), Outcome.DONE, status=200)
    return work.run.id


def test_every_decision_and_change_stands_in_it_in_the_order_of_writing(tmp_path):
    site = SmallSite.of(tmp_path)
    run = a_life(site)
    assert kinds(site) == [
        ("pause", "global"), ("decision", "held"), ("resume", "global"), ("decision", "run"), ("change", "done"),
    ]  # fmt: skip
    pause, held, resume, let_through, change = whole(site, most=2)
    assert (pause["before"], pause["after"]["reason"], resume["before"]) == (None, "look", pause["after"])
    assert (held["guard"], held["run"], held["alertname"]) == ("pause", run, "Down")
    assert (let_through["before"], let_through["after"]["verdict"]) == ({"verdict": "held", "guard": "pause"}, "run")
    assert (change["run"], change["action"], change["target"], change["args"]["method"], change["after"]) == (
        run, "http.request", "host/a", "POST", {"status": 200},
    )  # fmt: skip
    assert change["at"] < held["at"]  # by the clock it came before; a reader's place is the id


def test_who_reads_on_misses_nothing_that_was_written_at_an_earlier_time(tmp_path):
    site = SmallSite.of(tmp_path)
    audit.append(site.tx, "ann", "pause", "global", "", site.now)
    (first,) = audit.page(site.tx, 0, 10)
    audit.append(site.tx, "bob", "resume", "global", "", site.now - DAY)
    assert [e["who"] for e in audit.page(site.tx, first["id"], 10)] == ["bob"]
    assert [e["who"] for e in audit.page(site.tx, 0, 10, since=site.now - 1)] == ["ann"]


def test_nothing_in_it_can_be_edited_or_taken_out(tmp_path):
    site = SmallSite.of(tmp_path)
    a_life(site)
    for statement in ("UPDATE audit SET who = 'me'", "DELETE FROM audit", "DELETE FROM audit WHERE what = 'decision'"):
        with pytest.raises(sqlite3.IntegrityError, match="only appended to"):
            site.tx.run(statement)


def test_decisions_go_with_their_runs_and_what_people_did_stays(tmp_path):
    site = SmallSite.of(tmp_path)
    a_life(site)
    site.tick(40 * 86400)
    audit.append(site.tx, "ann", "pause", "global", "", site.now)
    retention.delete_audit(site.tx, site.now - AUDIT_KEPT, site.now - 30 * DAY)
    assert [kind for kind, _ in kinds(site)] == ["pause", "resume", "change", "pause"]


def test_what_is_long_is_cut_and_secrets_are_hidden(tmp_path):
    site = SmallSite.of(tmp_path)
    audit.append(site.tx, "ann", "rule changed", "r", "", 1, before={"password": "hunter2"}, after={"notes": "x" * 100_000})
    (entry,) = whole(site)
    assert "hunter2" not in str(entry["before"])
    assert len(str(entry["after"])) < 10_000
