"""A held run is looked at again and again, and sooner when something happens: its timers must not add up."""

from remediator.engine.queue import Queue


class Held:
    """A run that is held on for so long each time that it is looked at."""

    def __init__(self, again: int) -> None:
        self.queue, self._again = Queue(), again
        self.queue.know("r", 0, 0)
        self.looks = 0

    def tick(self, now: int) -> None:
        while self.queue.pop(now):
            self.looks += 1
            self.queue.later("r", now + self._again)


def test_what_wakes_it_adds_no_timer():
    held = Held(30)
    for second in range(3600):
        if second % 7 == 0:
            held.queue.push("r")
        held.tick(second)
    assert held.looks <= 3600 / 7 + 3600 / 30 + 1


def test_the_earliest_counts():
    queue = Queue()
    queue.know("r", 0, 0)
    for at in (50, 20, 70):
        queue.later("r", at)
    assert queue.next_due() == 20
    assert queue.pop(19) is None
    assert queue.pop(20) == "r"
    assert queue.next_due() is None
    assert queue.pop(100) is None


def test_replaced_timers_take_no_room():
    queue = Queue()
    queue.know("r", 0, 0)
    for day in range(10_000):
        queue.later("r", day + 1_000_000)
        queue.later("r", day)
        assert queue.pop(day) == "r"
    assert len(queue._later) < 100
