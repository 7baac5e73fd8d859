import pytest
from fakes.small_site import SmallSite, alert

from remediator.errors import ConflictError
from remediator.store import control, retention

MINUTE = 60 * 1_000_000


def test_among_a_thousand_that_are_over(tmp_path):
    site = SmallSite.of(tmp_path)
    for number in range(1001):
        control.pause(site.tx, f"cluster:c{number}", "cd", "rollout", site.now + MINUTE, site.now, kind="maintenance")
    site.tick(120)
    control.pause(site.tx, "global", "ann", "freeze", None, site.now)
    (work,) = site.admit(alert("a")).works
    assert work.held.guard == "pause"


def test_those_that_are_over_are_deleted_after_a_while(tmp_path):
    site = SmallSite.of(tmp_path)
    control.pause(site.tx, "global", "ann", "freeze", None, site.now)
    control.pause(site.tx, "rule:x", "cd", "rollout", site.now + MINUTE, site.now)
    site.tick(3 * 86400)
    assert retention.delete_pauses(site.tx, site.now - 86400 * 1_000_000) == 1
    assert [pause.scope for pause in control.all_pauses(site.tx)] == ["global"]


def test_none_is_cut_short_by_another_for_the_same_scope(tmp_path):
    site = SmallSite.of(tmp_path)
    control.pause(site.tx, "global", "ann", "freeze", None, site.now)
    with pytest.raises(ConflictError, match="ann has paused global until it is resumed"):
        control.pause(site.tx, "global", "bob", "upgrade", site.now + MINUTE, site.now, kind="maintenance")
    site.tick(120)
    (work,) = site.admit(alert("a")).works
    assert work.held.guard == "pause"


def test_one_may_be_made_longer_and_follow_one_that_is_over(tmp_path):
    site = SmallSite.of(tmp_path)
    control.pause(site.tx, "global", "ann", "freeze", site.now + 2 * MINUTE, site.now)
    control.pause(site.tx, "global", "bob", "freeze", site.now + 3 * MINUTE, site.now)
    site.tick(181)
    control.pause(site.tx, "global", "eve", "freeze", site.now + MINUTE, site.now)
    assert control.all_pauses(site.tx)[0].author == "eve"


@pytest.mark.parametrize("scope", ["namespace:shop", "namespace:/shop", "namespace:prod/", "cluster:prod/shop", "rule: restart"])
def test_a_scope_that_would_hold_nothing_is_refused(tmp_path, scope):
    site = SmallSite.of(tmp_path)
    with pytest.raises(ConflictError):
        control.pause(site.tx, scope, "ann", "freeze", None, site.now)
