from fakes.small_site import SmallSite, alert

from remediator.core.limits import Flapping
from remediator.core.scopes import SiteLimits
from remediator.store import inbox

MINUTE = 60


def flap(site, times):
    """Fire and resolve, five minutes each; return how many runs there are."""
    for _ in range(times):
        site.admit(alert("a", name="Slow", starts_at=site.now))
        site.tick(5 * MINUTE)
        site.admit(alert("a", name="Slow", firing=False))
        site.tick(5 * MINUTE)
        inbox.close_resolved(site.tx, 120_000_000, site.now, site.site.limits.flapping)
    return site.tx.one("SELECT count(*) FROM episode")[0]


def test_it_opens_no_more_episodes_until_it_is_quiet(tmp_path):
    site = SmallSite.of(tmp_path, limits=SiteLimits(flapping=Flapping(2, 3600.0, 1800.0)))
    assert flap(site, 8) == 3
    site.tick(1800)
    assert flap(site, 1) == 4


def test_one_that_comes_back_now_and_then_does_not_flap(tmp_path):
    site = SmallSite.of(tmp_path, limits=SiteLimits(flapping=Flapping(2, 900.0, 1800.0)))
    assert flap(site, 6) == 6


def test_without_the_guard_each_is_a_trouble_of_its_own(tmp_path):
    assert flap(SmallSite.of(tmp_path), 8) == 8
