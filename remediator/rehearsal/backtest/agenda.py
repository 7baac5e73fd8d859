"""When a replay looks at which run: instants in order, and at each the order in which the daemon takes runs.

Held runs wait for the same few instants (a place in a limit becomes free for all of them at once), so what falls
due at one instant is one list that is sorted once.
"""

from __future__ import annotations

import heapq
from bisect import insort
from collections.abc import Iterator

from remediator.rehearsal.backtest.passing import Passing

Turn = tuple[bool, int, int, int, Passing]
"""Whether the run ends then (those come last), its priority, when it was made, its number."""


class Agenda:
    """Runs by the instant at which they are to be looked at. Times are microseconds since 1970."""

    def __init__(self) -> None:
        self._due: dict[int, list[Turn]] = {}
        self._instants: list[int] = []
        self._now = -1  #: the instant whose list is being gone through
        self._left: list[Turn] = []

    def add(self, at: int, turn: Turn) -> None:
        """Look at a run then. What is added to the instant that is under way takes its turn in it."""
        if at == self._now:
            insort(self._left, turn, key=_backwards)
            return
        due = self._due.get(at)
        if due is None:
            self._due[at] = [turn]
            heapq.heappush(self._instants, at)
        else:
            due.append(turn)

    def until(self, at: int) -> Iterator[tuple[int, Passing]]:
        """Yield (when, run) in order, as long as something is due by then."""
        instants = self._instants
        while instants and instants[0] <= at:
            self._now = heapq.heappop(instants)
            self._left = left = self._due.pop(self._now)
            left.sort(reverse=True)
            while left:
                yield self._now, left.pop()[4]
            self._now = -1

    @property
    def first(self) -> int | None:
        """The next instant at which something is due."""
        return self._instants[0] if self._instants else None


def _backwards(turn: Turn) -> tuple[bool, int, int, int]:
    ends, priority, created_at, number, _ = turn
    return not ends, -priority, -created_at, -number
