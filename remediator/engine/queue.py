"""Wake me for this run at this time: heaps over the rows, which are the truth."""

from __future__ import annotations

import heapq
from collections.abc import Callable

_REPLACED = 64  #: replaced timers that may stand beside as many as count


class Queue:
    """Runs that are ready, by priority and age; and runs that become ready later.

    A run has one timer, the earliest that was asked for: whoever looks at it then says when to look again. To be
    looked at in vain is harmless.
    """

    def __init__(self) -> None:
        self._ready: list[tuple[int, int, str]] = []
        self._is_ready: set[str] = set()
        self._due: dict[str, int] = {}  # the timers
        self._later: list[tuple[int, str]] = []  # in their order; may hold some that an earlier one has replaced
        self._blocked: dict[str, list[tuple[int, int, str]]] = {}  # by what is full; may hold runs that left it
        self._wants: dict[str, tuple[str, tuple[str, ...]]] = {}  # of the blocked ones: what is full, their places
        self._rank: dict[str, tuple[int, int]] = {}

    def know(self, run: str, priority: int, created_at: int) -> None:
        """Remember how urgent an open run is."""
        self._rank[run] = (priority, created_at)

    def forget(self, run: str) -> None:
        """The run is over."""
        self._rank.pop(run, None)
        self._wants.pop(run, None)
        self._due.pop(run, None)

    def __len__(self) -> int:
        """Return how many runs are open."""
        return len(self._rank)

    @property
    def ready(self) -> int:
        """How many runs could go on if there were places."""
        return len(self._is_ready)

    def push(self, run: str) -> None:
        """The run can go on."""
        if run in self._is_ready or run not in self._rank:
            return
        self._is_ready.add(run)
        heapq.heappush(self._ready, (*self._rank[run], run))

    def later(self, run: str, at: int) -> None:
        """The run can go on at that time, unless it is looked at before."""
        if self._due.get(run, at + 1) <= at:
            return
        self._due[run] = at
        heapq.heappush(self._later, (at, run))
        if len(self._later) > 2 * len(self._due) + _REPLACED:
            self._later = [(due, timed) for timed, due in self._due.items()]
            heapq.heapify(self._later)

    def blocked(self, run: str, full: str, wants: tuple[str, ...]) -> None:
        """The run can go on when it gets the places that it wants; ``full`` has none for it now."""
        if run in self._rank:
            self._wants[run] = (full, wants)
            heapq.heappush(self._blocked.setdefault(full, []), (*self._rank[run], run))

    def next_blocked(self, take: Callable[[str, tuple[str, ...]], bool]) -> str | None:
        """Return the most urgent blocked run for which ``take`` gets the places, or None.

        Of those for which the same is full none overtakes another, however little it wants; and none
        goes before a more urgent run that is ready.
        """
        if not self._blocked:
            return None
        while self._ready and self._ready[0][2] not in self._rank:
            self._is_ready.discard(heapq.heappop(self._ready)[2])
        for place in sorted(head for full in tuple(self._blocked) if (head := self._head(full))):
            if self._ready and self._ready[0] < place:
                return None
            run = place[2]
            if take(run, self._wants[run][1]):
                del self._wants[run]
                return run
        return None

    def _head(self, full: str) -> tuple[int, int, str] | None:
        """Return the most urgent run that is blocked by this; drop what no longer is."""
        waiting = self._blocked[full]
        while waiting and self._wants.get(waiting[0][2], ("",))[0] != full:
            heapq.heappop(waiting)
        if waiting:
            return waiting[0]
        del self._blocked[full]
        return None

    def pop(self, now: int) -> str | None:
        """Return the most urgent run that can go on, or None."""
        while self._later and self._later[0][0] <= now:
            at, run = heapq.heappop(self._later)
            if self._due.get(run) == at:
                del self._due[run]
                self.push(run)
        while self._ready:
            run = heapq.heappop(self._ready)[2]
            self._is_ready.discard(run)
            if run in self._rank:
                self._wants.pop(run, None)
                return run
        return None

    def next_due(self) -> int | None:
        """Return when the next run becomes ready by time."""
        while self._later and self._due.get(self._later[0][1]) != self._later[0][0]:
            heapq.heappop(self._later)
        return self._later[0][0] if self._later else None
