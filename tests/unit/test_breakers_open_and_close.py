from hypothesis import given
from hypothesis import strategies as st

from remediator.core.breaker import Breaker, BreakerLimits, BreakerState

LIMITS = BreakerLimits(failures=3, recovery=60.0, trials=2)
SECOND = 1_000_000


def after(outcomes: str, breaker: Breaker | None = None, now: int = 0) -> Breaker:
    made = breaker or Breaker("backend:x")
    for outcome in outcomes:
        made = made.after(success=outcome == "+", now=now, limits=LIMITS)
    return made


def test_it_opens_after_so_many_failures_in_a_row():
    assert after("--").state is BreakerState.CLOSED
    assert after("--+--").state is BreakerState.CLOSED
    assert after("---").state is BreakerState.OPEN


def test_it_is_half_open_when_its_time_is_over():
    open_one = after("---")
    assert open_one.at(59 * SECOND).state is BreakerState.OPEN
    assert open_one.retry_in(59 * SECOND) == 1.0
    assert open_one.at(60 * SECOND).state is BreakerState.HALF_OPEN
    assert open_one.retry_in(60 * SECOND) == 0.0


def test_enough_trials_close_it_and_one_failure_opens_it_again():
    half_open = after("---")
    assert after("+", half_open, 61 * SECOND).state is BreakerState.HALF_OPEN
    assert after("++", half_open, 61 * SECOND).state is BreakerState.CLOSED
    again = after("+-", half_open, 61 * SECOND)
    assert again.state is BreakerState.OPEN
    assert again.until == 121 * SECOND


def test_its_error_rate_counts_everything_since_it_was_made():
    assert after("-+++").error_rate == 0.25


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 100)), max_size=60))
def test_it_lets_nothing_through_early(steps):
    breaker, now, in_a_row = Breaker("x"), 0, 0
    for success, wait in steps:
        now += wait * SECOND
        was = breaker.at(now).state
        breaker = breaker.after(success=success, now=now, limits=LIMITS)
        in_a_row = 0 if success else in_a_row + 1
        if was is BreakerState.CLOSED:
            assert (breaker.state is BreakerState.OPEN) == (in_a_row >= LIMITS.failures)
        if was is BreakerState.HALF_OPEN and not success:
            assert breaker.state is BreakerState.OPEN
        if was is BreakerState.OPEN:
            assert breaker.state is BreakerState.OPEN
        if breaker.state is BreakerState.CLOSED and success:
            in_a_row = 0
