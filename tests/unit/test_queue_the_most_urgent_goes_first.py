from hypothesis import given
from hypothesis import strategies as st

from remediator.engine.queue import Queue

RANKS = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=3), st.tuples(st.integers(0, 4), st.integers(0, 9)), max_size=20
)


def drain(queue: Queue, now: int = 0) -> list[str]:
    found = []
    while run := queue.pop(now):
        found.append(run)
    return found


def by_rank(ranks: dict[str, tuple[int, int]]) -> list[str]:
    return sorted(ranks, key=lambda run: (*ranks[run], run))


@given(ranks=RANKS, order=st.randoms())
def test_priority_then_age(ranks, order):
    queue, pushed = Queue(), list(ranks)
    for run, rank in ranks.items():
        queue.know(run, *rank)
    order.shuffle(pushed)
    for run in pushed * 2:  # pushing twice is pushing once
        queue.push(run)
    assert drain(queue) == by_rank(ranks)
    assert queue.ready == 0


@given(ranks=RANKS, times=st.lists(st.integers(0, 100), min_size=20, max_size=20))
def test_timers_are_kept_to_the_moment(ranks, times):
    queue = Queue()
    at = dict(zip(ranks, times, strict=False))
    for run, rank in ranks.items():
        queue.know(run, *rank)
        queue.later(run, at[run])
    for now in range(101):
        due = [time for time in at.values() if time >= now]
        assert queue.next_due() == (min(due) if due else None)
        expected = {run: ranks[run] for run, time in at.items() if time == now}
        assert drain(queue, now) == by_rank(expected)


@given(ranks=RANKS)
def test_blocked_runs_go_on_by_urgency_when_places_come_free(ranks):
    queue = Queue()
    for run, rank in ranks.items():
        queue.know(run, *rank)
        queue.blocked(run, "x", ("x",))
    assert queue.next_blocked(lambda run, wants: False) is None
    came = []
    while run := queue.next_blocked(lambda run, wants: wants == ("x",)):
        came.append(run)
    assert came == by_rank(ranks)


def test_one_that_wants_much_is_not_overtaken_by_one_that_wants_little():
    queue = Queue()
    queue.know("much", 0, 0)
    queue.know("little", 1, 0)
    queue.blocked("much", "x", ("x", "x"))
    queue.blocked("little", "x", ("x",))
    assert queue.next_blocked(lambda run, wants: len(wants) == 1) is None


def test_a_backend_that_is_full_does_not_keep_others_waiting():
    queue = Queue()
    queue.know("urgent", 0, 0)
    queue.know("other", 4, 0)
    queue.blocked("urgent", "x", ("x",))
    queue.blocked("other", "y", ("y",))
    assert queue.next_blocked(lambda run, wants: wants == ("y",)) == "other"


def test_a_more_urgent_run_that_is_ready_goes_before_a_blocked_one():
    queue = Queue()
    queue.know("ready", 0, 0)
    queue.know("blocked", 1, 0)
    queue.blocked("blocked", "x", ("x",))
    queue.push("ready")
    assert queue.next_blocked(lambda run, wants: True) is None
    assert queue.pop(0) == "ready"
    assert queue.next_blocked(lambda run, wants: True) == "blocked"


def test_what_is_over_comes_no_more():
    queue = Queue()
    for run in ("ready", "timed", "blocked"):
        queue.know(run, 0, 0)
    queue.push("ready")
    queue.later("timed", 5)
    queue.blocked("blocked", "x", ("x",))
    for run in ("ready", "timed", "blocked"):
        queue.forget(run)
    assert (len(queue), queue.next_due(), queue.pop(9)) == (0, None, None)
    assert queue.next_blocked(lambda run, wants: True) is None


def test_a_run_that_is_woken_while_it_is_blocked_waits_no_more():
    queue = Queue()
    queue.know("a", 0, 0)
    queue.blocked("a", "x", ("x",))
    queue.push("a")
    assert queue.pop(0) == "a"
    assert queue.next_blocked(lambda run, wants: True) is None
