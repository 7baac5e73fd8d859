import pytest
from simulation.days import DAY, HOLD_MAX, LIMITS, Days

from remediator.core.transitions import FINAL

#: (seed, virtual seconds): an hour and a half in every run of the tests, days in ``make chaos``.
LIVES = [(1, DAY // 16), pytest.param((2, 4 * DAY), marks=[pytest.mark.chaos, pytest.mark.timeout(1800)])]


@pytest.fixture(scope="module", params=LIVES)
def days(request, tmp_path_factory):
    """Some time, with a storm and a clock that steps back."""
    seed, long = request.param
    lived = Days(tmp_path_factory.mktemp("days"), seed)
    lived.live(long // 4)
    lived.storm(400)
    lived.live(long // 4)
    lived.jump_back(1200)
    lived.live(long // 2)
    return lived


def test_something_happened(days):
    statuses = days.statuses()
    assert statuses["succeeded"] > 15
    assert len(days.changes) > 20
    assert statuses.total() > 120
    guards = {guard for (guard,) in days.site.tx.all("SELECT DISTINCT guard FROM decision")}
    assert guards >= {"budget", "storm"}


def test_no_limit_was_exceeded(days):
    assert days.exceeded(LIMITS.overall, distinct=False) == []
    assert days.exceeded(LIMITS.budget, distinct=True) == []
    targets = {target for _, target, _ in days.changes}
    assert [t for t in targets if days.exceeded(LIMITS.per_target, distinct=False, target=t)] == []


def test_nothing_is_forgotten(days):
    days.quiet()
    days.live(int(HOLD_MAX) + 2 * 3600)
    young = days.site.now - int(HOLD_MAX + 3600 + 300) * 1_000_000
    open_runs = days.site.tx.all("SELECT id, status, held_by, created_at FROM run WHERE finished_at IS NULL")
    assert [run for run in open_runs if run[3] < young and run[1] != "held"] == []
    assert [run for run in open_runs if run[2] and run[3] < young] == []
    holders = {run for (run,) in days.site.tx.all("SELECT DISTINCT run FROM lock")}
    assert {days.site.status(run) for run in holders if days.site.status(run) in FINAL} <= {"unknown"}
