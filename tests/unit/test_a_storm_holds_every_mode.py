import pytest
from fakes.small_site import RULES, SmallSite, alert

from remediator.core.limits import Storm
from remediator.core.scopes import SiteLimits


@pytest.mark.parametrize("mode", ["observe", "ask", "auto"])
def test_people_are_not_told_of_each(tmp_path, mode):
    site = SmallSite.of(
        tmp_path, RULES.replace("mode: auto", f"mode: {mode}"), limits=SiteLimits(storm=Storm(3, 60.0, calm=120.0)), reporters=("slack",)
    )
    for number in range(50):
        (work,) = site.admit(alert(f"s{number}", name="Slow", starts_at=site.now)).works
        while work.tasks:
            work = site.came(work)
    assert site.tx.one("SELECT count(DISTINCT run) FROM outbox")[0] <= 4
    assert site.tx.one("SELECT count(*) FROM run WHERE held_by = 'storm'")[0] == 46


@pytest.mark.parametrize("mode", ["observe", "ask"])
def test_they_go_on_after_the_calm(tmp_path, mode):
    site = SmallSite.of(tmp_path, RULES.replace("mode: auto", f"mode: {mode}"), limits=SiteLimits(storm=Storm(1, 60.0, calm=120.0)))
    works = [site.admit(alert(s, name="Slow", starts_at=site.now)).works[0] for s in "abc"]
    assert works[2].held.guard == "storm"
    site.tick(121)
    assert site.begin(works[2].run.id).tasks
