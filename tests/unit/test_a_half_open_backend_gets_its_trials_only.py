"""While a backend's breaker is half-open so many runs are let through as trials are missing, the others wait."""

import pytest
from fakes.small_site import SmallSite, alert

from remediator.core.breaker import BreakerLimits
from remediator.core.records import Outcome
from remediator.store import breakers, control

KEY = "backend:http/127.0.0.1:9"


@pytest.fixture
def site(tmp_path):
    small = SmallSite.of(tmp_path, backend_breaker=BreakerLimits(1, 60.0, 2))
    breakers.count(small.tx, KEY, success=False, limits=small.site.backend_breaker, now=small.now)
    small.tick(61)
    return small


def acts(works):
    return [work for work in works if work.tasks]


def arrive(site, *names):
    return [site.admit(alert(name, name="Slow")).works[0] for name in names]


def test_the_third_waits_while_two_are_tried(site):
    works = arrive(site, "a", "b", "c")
    assert [bool(work.tasks) for work in works] == [True, True, False]
    assert (works[2].held.guard, works[2].held.scope) == ("breaker", KEY)
    assert "half-open" in works[2].held.reason


def test_each_answer_leaves_fewer_to_be_tried_until_it_closes(site):
    first, second, third = arrive(site, "a", "b", "c")
    site.came(first, Outcome.DONE, status=200)  # one trial has succeeded: one more is wanted, and is under way
    assert site.begin(third.run.id).held
    site.came(second, Outcome.DONE, status=200)
    assert site.begin(third.run.id).tasks  # closed


def test_a_trial_that_fails_opens_it_again(site):
    first, _, third = arrive(site, "a", "b", "c")
    site.came(first, Outcome.FAILED, transport=True)
    assert site.begin(third.run.id).held.until == site.now + 60_000_000


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNKNOWN])
def test_a_trial_that_never_asked_gives_its_place_back(site, outcome):
    first, _, third = arrive(site, "a", "b", "c")
    site.came(first, outcome, transport=None)
    assert site.begin(third.run.id).tasks


def test_a_reset_forgets_who_was_tried(site):
    arrive(site, "a", "b")
    control.reset_breaker(site.tx, KEY, "me", site.now)
    assert [bool(work.tasks) for work in arrive(site, "c", "d", "e")] == [True] * 3
    assert site.tx.all("SELECT * FROM trial") == []
