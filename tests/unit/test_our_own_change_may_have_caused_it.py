from fakes.small_site import SmallSite, alert
from msgspec.structs import replace

from remediator.core.scopes import SiteLimits


def site_of(tmp_path):
    site = SmallSite.of(tmp_path, limits=SiteLimits(loop_guard=600.0))
    site.came(site.admit(alert("a", starts_at=site.now)).works[0])
    return site


def after(site, seconds, *, starts=None, name="Slow", service="a"):
    site.tick(seconds)
    site.site = replace(site.site)
    (work,) = site.admit(alert(service, name=name, starts_at=site.now if starts is None else starts)).works
    return work


def test_another_rule_asks_about_the_place_that_was_just_changed(tmp_path):
    site = site_of(tmp_path)
    text = (tmp_path / "rules.yaml").read_text().replace("    limits: {cooldown: 5m}\n", "")
    (tmp_path / "rules.yaml").write_text(text)
    site.site = replace(site.site, table=SmallSite.of(tmp_path, text).site.table)
    work = site.came(after(site, 60))
    assert site.status(work.run.id) == "awaiting_approval"
    (reason,) = site.tx.one("SELECT reason FROM run WHERE id = ?", work.run.id)
    assert "which may have caused it" in reason


def test_not_about_an_alert_that_began_before(tmp_path):
    site = site_of(tmp_path)
    assert after(site, 301, starts=site.now - 1).tasks[0].job.phase == "act"


def test_not_about_another_place(tmp_path):
    assert after(site_of(tmp_path), 60, service="b").tasks[0].job.phase == "act"


def test_not_for_ever(tmp_path):
    assert after(site_of(tmp_path), 601).tasks[0].job.phase == "act"


def test_a_rule_with_a_cooldown_that_comes_back_has_made_the_choice(tmp_path):
    site = site_of(tmp_path)
    site.admit(alert("a", firing=False))
    assert after(site, 301, name="Down").tasks[0].job.phase == "act"
