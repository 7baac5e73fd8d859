"""A state machine over the places: never more in flight than allowed, in all and at each backend."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from remediator.engine.limits import Slots

RUNS = st.sampled_from("abcdef")
WANTS = st.lists(st.sampled_from(["x", "y", "z"]), max_size=6)


class Places(RuleBasedStateMachine):
    @initialize(
        total=st.integers(1, 8), each=st.integers(1, 5), own=st.dictionaries(st.sampled_from("xy"), st.integers(1, 9))
    )
    def begin(self, total: int, each: int, own: dict[str, int]) -> None:
        self.slots = Slots(total, each, own)
        self.limits = {backend: own.get(backend, each) for backend in "xyz"}
        self.held: dict[str, Counter[str]] = {}

    @rule(run=RUNS, wants=WANTS)
    def take(self, run: str, wants: list[str]) -> None:
        others = sum((count for other, count in self.held.items() if other != run), Counter())
        full = self.slots.take(run, wants)
        self.held.pop(run, None)
        if full is None:
            self.held[run] = Counter(dict(self.slots.used())) - others
            if wants:
                assert self.held[run].total() >= 1, "a step was let through without a place"
                assert self.held[run] <= Counter(wants)
        else:
            assert Counter(self.slots.used()) == others, "what could not be taken was taken in part"
            assert others.total(), "a run alone must always get what it needs"

    @rule(run=RUNS)
    def release(self, run: str) -> None:
        assert Counter(self.slots.release(run)) == self.held.pop(run, Counter())
        assert self.slots.release(run) == ()

    @invariant()
    def within(self) -> None:
        if not hasattr(self, "slots"):
            return
        used = self.slots.used()
        assert all(0 < count <= self.limits[backend] for backend, count in used.items())
        assert sum(used.values()) == self.slots.in_use <= self.slots.total
        assert Counter(used) == sum(self.held.values(), Counter())


Places.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
test_limits = Places.TestCase


@given(wants=WANTS, times=st.integers(1, 4))
def test_taking_again_takes_no_more(wants, times):
    slots = Slots(4, 2)
    for _ in range(times):
        assert slots.take("a", wants) is None
    once = Slots(4, 2)
    once.take("a", wants)
    assert slots.used() == once.used()
    slots.release("a")
    assert slots.used() == {}


def test_taking_other_places_gives_the_first_ones_back():
    slots = Slots(2, 1)
    assert slots.take("a", ["x"]) is None
    assert slots.take("b", ["x"]) == "x"
    assert slots.take("a", ["y"]) is None
    assert slots.take("b", ["x"]) is None
    assert slots.take("c", ["z"]) == "everything"
