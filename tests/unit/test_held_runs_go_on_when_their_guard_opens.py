from fakes.small_site import SmallSite, alert

from remediator.core.limits import Throttle
from remediator.core.records import Outcome
from remediator.store import control


def test_a_lock_that_is_let_go_wakes_the_run_that_waits(tmp_path):
    small = SmallSite.of(tmp_path)
    (first,) = small.admit(alert("a")).works
    (second,) = small.admit(alert("a", name="Slow")).works
    assert small.status(second.run.id) == "held"
    done = small.came(first)
    assert done.wake == (second.run.id,)


def test_cooldown_is_waited_for_and_no_longer(tmp_path):
    small = SmallSite.of(tmp_path)
    (first,) = small.admit(alert("a")).works
    small.came(first)
    (second,) = small.admit(alert("a", name="Slow")).works
    assert (small.status(second.run.id), second.held.guard) == ("held", "cooldown")
    assert second.due == small.now + 300_000_000
    small.tick(299)
    assert not small.begin(second.run.id).tasks
    small.tick(1)
    assert [task.job.key for task in small.begin(second.run.id).tasks] == ["0/act/0"]


def test_held_too_long_calls_people(tmp_path):
    small = SmallSite.of(tmp_path)
    control.pause(small.tx, "global", "me", "freeze", None, small.now)
    (held,) = small.admit(alert("a")).works
    small.tick(1800)
    work = small.begin(held.run.id)
    assert work.finish.status == "escalated"
    assert "held for 30m by pause" in work.finish.reason


def test_oldest_goes_first(tmp_path):
    small = SmallSite.of(tmp_path)
    small.limited(overall=Throttle(1, 600.0))
    (first,) = small.admit(alert("a")).works
    small.tick(1)
    (older,) = small.admit(alert("b")).works
    small.tick(1)
    (newer,) = small.admit(alert("c")).works
    small.came(first)
    small.tick(600)
    assert small.begin(newer.run.id).held.guard == "order"
    assert small.begin(older.run.id).tasks


def test_what_was_never_tried_gives_its_place_back(tmp_path):
    small = SmallSite.of(tmp_path)
    small.limited(overall=Throttle(1, 3600.0))
    (first,) = small.admit(alert("a")).works
    (second,) = small.admit(alert("b")).works
    assert second.held.guard == "throttle"
    done = small.came(first, Outcome.FAILED, attempt=0)
    assert done.wake == (second.run.id,)
    assert small.begin(second.run.id).tasks
