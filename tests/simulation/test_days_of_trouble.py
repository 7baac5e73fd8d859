import pytest
from simulation.days import DAY, HOLD_MAX, Days

from remediator.core.transitions import FINAL

#: (seed, virtual seconds): an hour and a half in every run of the tests, days in ``make chaos``.
LIVES = [(1, DAY // 16), pytest.param((2, 4 * DAY), marks=[pytest.mark.chaos, pytest.mark.timeout(3600)])]
ALL = {"budget", "storm", "dependency", "pause", "cooldown"}


@pytest.fixture(scope="module", params=LIVES)
def days(request, tmp_path_factory):
    """Some time, with a storm and a clock that steps back; each change is judged when it begins."""
    seed, long = request.param
    lived = Days(tmp_path_factory.mktemp("days"), seed)
    lived.live(long // 4)
    lived.storm(400)
    lived.live(long // 4)
    lived.jump_back(1200)
    lived.live(long // 2)
    lived.long = long >= DAY
    return lived


def test_something_happened(days):
    assert days.statuses().total() > 120
    assert len(days.guarded.begun) > 30
    begun = {kind for rule, phase in days.guarded.begun for kind in (rule, str(phase))}
    assert begun >= {"restart", "tidy", "grow", "act", "undo"}
    guards = {guard for (guard,) in days.tx.all("SELECT DISTINCT json_extract(more, '$.guard') FROM audit"
                                                " WHERE what = 'decision'")}  # fmt: skip
    assert guards >= ({*ALL, "window", "throttle", "breaker"} if days.long else {"storm", "window"}), guards
    if days.long:
        assert "risky" in begun


def test_no_limit_was_exceeded(days):
    assert days.guarded.exceeded() == []


def test_nothing_is_forgotten(days):
    days.quiet()
    days.live(int(HOLD_MAX) + 2 * 3600)
    young = days.site.now - int(HOLD_MAX + 3600 + 300) * 1_000_000
    open_runs = days.tx.all("SELECT id, status, held_by, created_at, undoes FROM run WHERE finished_at IS NULL")
    old = [run for run in open_runs if run[3] < young and run[0] not in days.guarded.flying]
    assert [run for run in old if run[1] != "held"] == []
    # What was to last for some time is tried for as long as it takes: an unknown run may have its lock.
    assert [run for run in old if run[2] and not run[4]] == []
    holders = {run for (run,) in days.tx.all("SELECT DISTINCT run FROM lock")}
    assert {days.site.status(run) for run in holders if days.site.status(run) in FINAL} <= {"unknown"}
    on_trial = {run for (run,) in days.tx.all("SELECT DISTINCT run FROM trial")}
    assert {days.site.status(run) for run in on_trial} & FINAL == set()
