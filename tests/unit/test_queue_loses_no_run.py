"""A state machine over the queue and the places: whatever is asked in whatever order, every run comes out."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from remediator.engine.limits import Slots
from remediator.engine.queue import Queue

RUNS = st.sampled_from([f"r{n}" for n in range(8)])
BACKENDS = st.lists(st.sampled_from(["x", "y", "z"]), min_size=1, max_size=3).map(tuple)


class Carrying(RuleBasedStateMachine):
    """Does with queue and places what the engine does, and remembers what is owed to whom."""

    @initialize(total=st.integers(1, 4), each=st.integers(1, 3))
    def begin(self, total: int, each: int) -> None:
        self.queue, self.slots = Queue(), Slots(total, each)
        self.now = 0
        self.rank: dict[str, tuple[int, int]] = {}
        self.ready: set[str] = set()
        self.timers: dict[str, int] = {}
        self.blocked: dict[str, tuple[str, ...]] = {}
        self.carried: set[str] = set()

    @rule(run=RUNS, priority=st.integers(0, 4), made=st.integers(0, 3))
    def know(self, run: str, priority: int, made: int) -> None:
        if run not in self.rank:
            self.rank[run] = (priority, made)
            self.queue.know(run, priority, made)

    @rule(run=RUNS)
    def push(self, run: str) -> None:
        self.queue.push(run)
        if run in self.rank:
            self.ready.add(run)

    @rule(run=RUNS, wait=st.integers(0, 5))
    def later(self, run: str, wait: int) -> None:
        self.queue.later(run, self.now + wait)
        self.timers[run] = min(self.now + wait, self.timers.get(run, self.now + wait))

    @rule(wait=st.integers(1, 5))
    def time_passes(self, wait: int) -> None:
        self.now += wait

    @rule(run=RUNS)
    def over(self, run: str) -> None:
        self.queue.forget(run)
        self.slots.release(run)
        self.rank.pop(run, None)
        self.ready.discard(run)
        self.timers.pop(run, None)
        self.blocked.pop(run, None)
        self.carried.discard(run)

    @rule(wants=BACKENDS)
    def look_at_the_next(self, wants: tuple[str, ...]) -> None:
        """Take the most urgent run that is ready; it wants these places."""
        run = self.queue.pop(self.now)
        due = {run for run, at in self.timers.items() if at <= self.now}
        self.timers = {run: at for run, at in self.timers.items() if at > self.now}
        self.ready |= {run for run in due if run in self.rank}
        assert (run is None) == (not self.ready)
        if run is None:
            return
        assert (*self.rank[run], run) == min((*self.rank[one], one) for one in self.ready)
        self.ready.remove(run)
        self.blocked.pop(run, None)
        if run in self.carried:
            return  # the engine looks at it again afterwards
        full = self.slots.take(run, wants)
        if full is None:
            self.carried.add(run)
        else:
            self.queue.blocked(run, full, wants)
            self.blocked[run] = wants

    @precondition(lambda self: self.carried)
    @rule(data=st.data(), again=st.booleans())
    def step_ends(self, data: st.DataObject, again: bool) -> None:
        run = data.draw(st.sampled_from(sorted(self.carried)))
        self.carried.remove(run)
        self.slots.release(run)
        if again:
            self.push(run)

    @rule()
    def hand_on(self) -> None:
        got: list[str] = []
        while run := self.queue.next_blocked(lambda run, wants: self.slots.take(run, wants) is None):
            got.append(run)
            del self.blocked[run]
            self.carried.add(run)
        assert len(set(got)) == len(got)
        if not self.ready and not self.carried:
            assert not self.blocked, "nothing is under way, and still somebody waits for a place"

    @invariant()
    def counts(self) -> None:
        if hasattr(self, "queue"):
            assert len(self.queue) == len(self.rank)
            assert self.queue.ready >= len(self.ready & set(self.rank))

    def teardown(self) -> None:
        """Let everything end: then everything that was ready, timed or blocked has come out."""
        if not hasattr(self, "queue"):
            return
        self.now += 1000
        owed = {run for run in self.ready | set(self.blocked) | set(self.timers) if run in self.rank}
        came = set()
        for run in self.carried:
            self.slots.release(run)
        for _ in range(100):
            run = self.queue.pop(self.now) or self.queue.next_blocked(
                lambda run, wants: self.slots.take(run, wants) is None
            )
            if run is None:
                break
            came.add(run)
            self.slots.release(run)
        assert owed <= came
        assert self.queue.next_due() is None
        assert self.slots.in_use == 0


Carrying.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
test_nothing_is_lost = Carrying.TestCase
