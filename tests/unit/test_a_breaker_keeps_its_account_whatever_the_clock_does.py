"""A breaker and the outside account of it agree after any outcomes, also where the clock is put back."""

from fakes.breaker_account import Seen
from hypothesis import example, given
from hypothesis import strategies as st

from remediator.core.breaker import Breaker, BreakerLimits, BreakerState

SECOND = 1_000_000
LIMITS = BreakerLimits(failures=2, recovery=60.0, trials=2)
#: (seconds that the clock moves, success)
outcomes = st.lists(st.tuples(st.integers(-100, 100), st.booleans()), max_size=40)


@given(outcomes)
@example([(0, False), (0, False), (61, True), (-30, False), (61, True), (0, True)])
def test_they_agree(what):
    breaker, seen, now = Breaker("backend:http/x"), Seen(), 10_000 * SECOND
    for seconds, success in what:
        now += seconds * SECOND
        breaker = breaker.after(success=success, now=now, limits=LIMITS)
        seen.count(LIMITS, now, success=success)
        state = breaker.at(now).state
        assert (state is BreakerState.OPEN, state is BreakerState.HALF_OPEN) == (seen.open(now), seen.half_open(now))
