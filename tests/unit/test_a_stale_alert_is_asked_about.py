from fakes.small_site import RULES, SECOND, SmallSite, alert

from remediator.core.scopes import SiteLimits

HOUR = 3600 * SECOND


def admitted(site, hours):
    (work,) = site.admit(alert("a", starts_at=site.now - hours * HOUR)).works
    return work


def test_one_that_began_long_before_it_was_heard_of(tmp_path):
    site = SmallSite.of(tmp_path, limits=SiteLimits(stale=6 * 3600.0))
    work = site.came(admitted(site, 7))  # the preview
    assert site.status(work.run.id) == "awaiting_approval"
    (reason,) = site.tx.one("SELECT reason FROM run WHERE id = ?", work.run.id)
    assert "it began 7h before it was heard of, and the rule names no max_age" in reason


def test_a_younger_one_is_not(tmp_path):
    site = SmallSite.of(tmp_path, limits=SiteLimits(stale=6 * 3600.0))
    site.came(admitted(site, 5))
    assert site.status(site.tx.one("SELECT id FROM run")[0]) == "unverified"


def test_a_rule_that_names_a_max_age_has_made_the_choice(tmp_path):
    text = RULES.replace("    mode: auto\n", "    mode: auto\n    max_age: 1d\n", 1)
    site = SmallSite.of(tmp_path, text, limits=SiteLimits(stale=6 * 3600.0))
    site.came(admitted(site, 7))
    assert site.status(site.tx.one("SELECT id FROM run")[0]) == "unverified"
    site.tick(86400)
    refused = site.admit(alert("b", starts_at=site.now - 25 * HOUR)).refused
    assert [guard for _, _, guard, _ in refused] == ["stale"]
