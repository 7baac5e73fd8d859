"""What is said of a run later, such as who has taken it over, moves its end nowhere."""

from fakes.small_site import SmallSite, alert
from test_what_a_person_has_settled_can_be_taken_back import doubtful, settle

from remediator.core.records import Outcome
from remediator.interfaces.explained import of_run
from remediator.store import control


def stands(site, run):
    last = of_run(site.tx, run)[1][-1]
    return last["verdict"], last["at"]


def test_not_when_somebody_acknowledged(tmp_path):
    site = SmallSite.of(tmp_path, reporters=("slack",))
    work = site.came(site.admit(alert("a", starts_at=site.now)).works[0], Outcome.FAILED)
    ended = site.now
    site.tick(3600)
    control.acknowledge(site.tx, work.run.id, "ann", "I look", site.now)
    assert stands(site, work.run.id) == ("escalated", ended)


def test_what_a_person_settled_stands_since_then(tmp_path):
    site, run, _ = doubtful(tmp_path, {"replicas": 2})
    assert stands(site, run) == ("unknown", site.now)
    control.acknowledge(site.tx, run, "ann", "I look", site.now)
    site.tick(3600)
    settle(site, run, happened=True)
    assert stands(site, run) == ("succeeded", site.now)
    site.tick(60)
    assert stands(site, run)[1] == site.now - 60_000_000


def test_one_that_goes_on_stands_as_it_was_changed_last(tmp_path):
    site = SmallSite.of(tmp_path)
    (work,) = site.admit(alert("a", starts_at=site.now)).works
    site.tick(60)
    control.pause_run(site.tx, work.run.id, "ann", "wait", site.now)
    assert stands(site, work.run.id)[1] == site.now
