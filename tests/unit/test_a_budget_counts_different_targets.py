from fakes.small_site import RULES, SmallSite, alert

from remediator.core.limits import Throttle
from remediator.core.records import Outcome


def held_by(site, run):
    return site.tx.one("SELECT held_by, reason FROM run WHERE id = ?", run)


def started(site, service):
    (work,) = site.admit(alert(service, starts_at=site.now)).works
    return work


def test_another_target_waits_until_one_is_old_enough(tmp_path):
    site = SmallSite.of(tmp_path)
    site.limited(budget=Throttle(2, 600.0))
    for service in ("a", "b"):
        site.came(started(site, service))
        site.tick(60)
    work = started(site, "c")
    assert work.held.guard == "budget"
    assert "everything has had 2 targets changed in 10m" in work.held.reason
    assert work.held.until == site.now + 480 * 1_000_000  # when "a" has been changed ten minutes ago
    site.tick(481)
    assert site.begin(work.run.id).tasks


def test_the_same_target_again_is_not_another_one(tmp_path):
    site = SmallSite.of(tmp_path)
    site.limited(budget=Throttle(1, 3600.0))
    for _ in range(3):
        work = started(site, "a")
        assert work.tasks, work.held
        site.came(work)
        site.admit(alert("a", firing=False))
        site.tick(400)


def test_what_changed_nothing_is_given_back(tmp_path):
    site = SmallSite.of(tmp_path)
    site.limited(budget=Throttle(1, 3600.0))
    first = started(site, "a")
    waiting = started(site, "b")
    assert waiting.held.guard == "budget"
    done = site.came(first, Outcome.FAILED, attempt=0)  # it was refused before anything was sent
    assert waiting.run.id in done.wake
    assert site.begin(waiting.run.id).tasks


def test_a_place_that_is_given_back_remembers_who_was_there_before(tmp_path):
    site = SmallSite.of(tmp_path)
    site.limited(budget=Throttle(1, 3600.0))
    site.came(started(site, "a"))
    site.admit(alert("a", firing=False))
    site.tick(400)
    site.came(started(site, "a"), Outcome.FAILED, attempt=0)
    assert started(site, "b").held.until == site.now - 400_000_000 + 3_600_000_000


def test_each_namespace_and_each_cluster_can_have_its_own(tmp_path):
    rules = RULES.replace("target: host/{{ params.service }}", "target: host/{{ labels.host }}/{{ params.service }}")
    site = SmallSite.of(tmp_path, rules)
    for limit in ("budget_per_namespace", "budget_per_cluster"):  # outside of Kubernetes: the first two segments
        site.limited(**{limit: Throttle(1, 60.0)})
        (first,) = site.admit(alert("a", starts_at=site.now, host="one")).works
        (second,) = site.admit(alert("b", name="Slow", starts_at=site.now, host="one")).works
        (other,) = site.admit(alert("c", name="Slow", starts_at=site.now, host="two")).works
        assert (first.held, other.held) == (None, None)
        assert second.held.guard == "budget"
        for work in (first, other):
            site.came(work)
        for service, name, host in (("a", "Down", "one"), ("b", "Slow", "one"), ("c", "Slow", "two")):
            site.admit(alert(service, name=name, firing=False, host=host))
        site.tick(400)
