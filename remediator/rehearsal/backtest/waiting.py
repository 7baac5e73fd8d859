"""Who is held on what, the oldest first."""

from __future__ import annotations

import heapq

from remediator.rehearsal.backtest.passing import Passing


class Waiting:
    """Held runs, by what they are held on. Who is held on something else by now is passed over."""

    def __init__(self) -> None:
        self._held: dict[str, list[tuple[int, int, Passing]]] = {}

    def hold(self, run: Passing) -> None:
        """Note what a run is held on."""
        waiting = self._held.setdefault(run.held_scope, [])
        heapq.heappush(waiting, (run.created_at, run.number, run))

    def held_on(self, scope: str, most: int) -> list[Passing]:
        """Return the oldest runs that are held on this."""
        waiting = self._held.get(scope)
        found: dict[int, tuple[int, int, Passing]] = {}
        while waiting and len(found) < most:
            first = heapq.heappop(waiting)
            if first[2].held_scope == scope and first[2].open:
                found[first[1]] = first
        for first in found.values():
            heapq.heappush(self._held[scope], first)
        return [run for _, _, run in found.values()]

    def before(self, run: Passing) -> tuple[str, str] | None:
        """Return (what, run) of the oldest run that is held on anything that this run needs, too."""
        best: tuple[int, str, Passing] | None = None
        for scope in run.scopes.wanted:
            waiting = self._held.get(scope)
            while waiting and not (waiting[0][2].held_scope == scope and waiting[0][2].open):
                heapq.heappop(waiting)
            if not waiting:
                continue
            first = waiting[0][2]
            if first.held_by == "order":  # rare: look at all that wait there
                others = [w for w in waiting if w[2].held_scope == scope and w[2].open and w[2].held_by != "order"]
                if not others:
                    continue
                first = min(others)[2]
            if first is not run and first.created_at < run.created_at and (best is None or first.created_at < best[0]):
                best = (first.created_at, scope, first)
        return (best[1], str(best[2].number)) if best else None
