"""Who acknowledges takes over from those who were called. Where nobody was, there is nothing to take over."""

import pytest
from fakes.small_site import RULES, SmallSite, alert
from test_what_a_person_has_settled_can_be_taken_back import doubtful, settle

from remediator.core.limits import Rung
from remediator.core.records import Outcome
from remediator.core.transitions import Status, calls_people
from remediator.errors import ConflictError
from remediator.store import control

LADDERS = {"sev-2": (Rung(300.0, "second"),)}


def acknowledge(site, run):
    control.acknowledge(site.tx, run, "ann", "I look", site.now)
    return site.tx.one("SELECT acknowledged_by FROM run WHERE id = ?", run)[0] == "ann"


def over(tmp_path, status, rules=RULES, outcome=Outcome.DONE):
    """Return a site with a run that has ended so."""
    site = SmallSite.of(tmp_path, rules, reporters=("slack",), ladders=LADDERS)
    work = site.admit(alert("a", starts_at=site.now)).works[0]
    while work.tasks:
        work = site.came(work, outcome)
    assert site.status(work.run.id) == status
    return site, work.run.id


@pytest.mark.parametrize(
    ("status", "rules"), [("unverified", RULES), ("observed", RULES.replace("mode: auto", "mode: observe"))]
)
def test_not_of_one_that_ended_by_itself(tmp_path, status, rules):
    site, run = over(tmp_path, status, rules)
    told = site.tx.all("SELECT count(*) FROM outbox")
    with pytest.raises(ConflictError, match=rf"{run} is over \({status}\) and has called nobody: nobody is waited for"):
        acknowledge(site, run)
    assert site.tx.all("SELECT * FROM audit WHERE what = 'acknowledge'") == []
    assert site.tx.all("SELECT count(*) FROM outbox") == told


def test_one_that_called_people_for_as_long_as_it_is_there(tmp_path):
    site, run = over(tmp_path, "escalated", outcome=Outcome.FAILED)
    assert acknowledge(site, run)
    site.tick(3600)
    assert acknowledge(site, run)


def test_one_that_was_held_too_long_and_then_ended_well(tmp_path):
    site, run = over(tmp_path, "unverified")
    site.tx.run("UPDATE run SET called = 1 WHERE id = ?", run)
    assert acknowledge(site, run)


def test_one_that_goes_on(tmp_path):
    site = SmallSite.of(tmp_path)
    (work,) = site.admit(alert("a", starts_at=site.now)).works
    assert acknowledge(site, work.run.id)


def test_one_that_was_settled_as_long_as_somebody_is_still_to_be_told(tmp_path):
    site, run, _ = doubtful(tmp_path, {"replicas": 2})
    assert acknowledge(site, run)
    site.tx.run("INSERT INTO rung (run, n, name, due_at) VALUES (?, 0, 'second', 1)", run)
    settle(site, run, happened=True)
    assert acknowledge(site, run)
    with pytest.raises(ConflictError, match="nobody is waited for"):
        acknowledge(site, run)


def test_who_is_called_for_which_end():
    ends = {one for one in Status if calls_people(one, verifies=True, undoes=False)}
    assert ends == {"escalated", "failed", "undone", "unknown", "expired", "unverified"}
    assert not calls_people(Status.UNVERIFIED, verifies=False, undoes=False)
    assert [one for one in Status if calls_people(one, verifies=True, undoes=True)] == ["escalated"]
