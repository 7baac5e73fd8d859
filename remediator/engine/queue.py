"""Wake me for this run at this time: heaps over the rows, which are the truth."""

from __future__ import annotations

import heapq


class Queue:
    """Runs that are ready, by priority and age; and runs that become ready later.

    A run may stand in it more than once; to be looked at in vain is harmless.
    """

    def __init__(self) -> None:
        self._ready: list[tuple[int, int, str]] = []
        self._is_ready: set[str] = set()
        self._later: list[tuple[int, str]] = []
        self._blocked: dict[str, list[str]] = {}
        self._rank: dict[str, tuple[int, int]] = {}

    def know(self, run: str, priority: int, created_at: int) -> None:
        """Remember how urgent an open run is."""
        self._rank[run] = (priority, created_at)

    def forget(self, run: str) -> None:
        """The run is over."""
        self._rank.pop(run, None)

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
        """The run can go on at that time."""
        heapq.heappush(self._later, (at, run))

    def blocked(self, run: str, backend: str) -> None:
        """The run can go on when that backend has a place."""
        self._blocked.setdefault(backend, []).append(run)

    def freed(self, backends: tuple[str, ...]) -> None:
        """Places were given back: as many of those who wait for them can go on."""
        for backend in backends:
            if waiting := self._blocked.get(backend):
                best = min(waiting, key=lambda run: self._rank.get(run, (9, 0)))
                waiting.remove(best)
                if not waiting:
                    del self._blocked[backend]
                self.push(best)

    def pop(self, now: int) -> str | None:
        """Return the most urgent run that can go on, or None."""
        while self._later and self._later[0][0] <= now:
            self.push(heapq.heappop(self._later)[1])
        while self._ready:
            run = heapq.heappop(self._ready)[2]
            self._is_ready.discard(run)
            if run in self._rank:
                return run
        return None

    def next_due(self) -> int | None:
        """Return when the next run becomes ready by time."""
        while self._later and self._later[0][1] not in self._rank:
            heapq.heappop(self._later)
        return self._later[0][0] if self._later else None
