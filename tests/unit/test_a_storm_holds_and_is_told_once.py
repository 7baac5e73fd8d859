from fakes.small_site import SmallSite, alert
from msgspec.structs import replace

from remediator.core.limits import Storm
from remediator.core.scopes import SiteLimits
from remediator.store import control, storms


def stormy(tmp_path, storm=None, **more):
    return SmallSite.of(
        tmp_path, limits=SiteLimits(storm=storm or Storm(3, 60.0, calm=120.0)), reporters=("slack",), **more
    )


def come(site, *services):
    return [site.admit(alert(service, name="Slow", starts_at=site.now)).works[0] for service in services]


def test_more_than_it_may_take_are_held_and_one_looks_for_all(tmp_path):
    site = stormy(tmp_path)
    works = come(site, "a", "b", "c", "d", "e", "f")
    assert [work.held.guard if work.held else "" for work in works] == ["", "", "", "", "storm", "storm"]
    assert [task.job.phase for task in works[3].tasks] == ["preview"]  # it only observes
    site.came(works[3])
    assert site.status(works[3].run.id) == "observed"
    (reason,) = site.tx.one("SELECT reason FROM run WHERE id = ?", works[3].run.id)
    assert "storm: 4 new alerts of everything" in reason


def test_what_it_holds_is_not_told_one_by_one(tmp_path):
    site = stormy(tmp_path)
    works = come(site, *(f"s{n}" for n in range(200)))
    told = site.tx.one("SELECT count(DISTINCT run) FROM outbox")[0]
    assert told <= 4
    assert site.tx.one("SELECT count(*) FROM decision WHERE guard = 'storm' AND verdict = 'held'")[0] == 196
    site.tick(3600)
    site.site = replace(site.site, limits=replace(site.site.limits, storm=Storm(3, 60.0, 120.0, "manual")))
    site.tx.run("UPDATE storm SET until = NULL")
    for work in works[4:]:
        site.begin(work.run.id)
    assert {site.status(work.run.id) for work in works[4:]} == {"escalated"}  # held too long, never silence
    assert site.tx.one("SELECT count(*) FROM outbox WHERE telling = 'escalation'")[0] == 1


def test_acting_goes_on_after_the_calm(tmp_path):
    site = stormy(tmp_path)
    works = come(site, "a", "b", "c", "d", "e")
    site.tick(119)
    assert site.begin(works[4].run.id).held.guard == "storm"
    site.tick(2)
    assert [task.job.phase for task in site.begin(works[4].run.id).tasks] == ["act"]


def test_it_goes_on_while_more_come(tmp_path):
    site = stormy(tmp_path)
    works = come(site, "a", "b", "c", "d", "e")
    for number in range(10):
        site.tick(15)
        come(site, f"more{number}")
    assert site.begin(works[4].run.id).held.guard == "storm"


def test_a_person_ends_one_that_does_not_end_by_itself(tmp_path):
    site = stormy(tmp_path, Storm(3, 60.0, resume="manual"))
    works = come(site, "a", "b", "c", "d", "e")
    site.tick(1700)
    assert site.begin(works[4].run.id).held.until is None
    assert works[4].run.id in control.resume(site.tx, "storm:everything", "ann", site.now)
    assert site.begin(works[4].run.id).tasks
    (storm,) = storms.everything(site.tx)
    assert storm.until == site.now


def test_a_rules_own_storm_holds_that_rule_only(tmp_path):
    site = SmallSite.of(tmp_path)
    text = (tmp_path / "rules.yaml").read_text()
    slow = "    limits: {cooldown: 5m, storm: {max: 2, per: 1m}}\n"
    site = SmallSite.of(tmp_path, text.replace("    limits: {cooldown: 5m}\n", slow))
    works = come(site, "a", "b", "c", "d")
    assert works[3].held.reason.startswith("storm: 3 new alerts of rule restart when slow")
    assert site.admit(alert("z", starts_at=site.now)).works[0].tasks
