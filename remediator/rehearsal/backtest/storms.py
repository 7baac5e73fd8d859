"""Storms, as ``store.storms`` has them in rows."""

from __future__ import annotations

import math
from collections import deque

from msgspec import Struct

from remediator.core.durations import SECOND
from remediator.core.guards import StormNow
from remediator.core.limits import Storm
from remediator.rehearsal.backtest.passing import Passing
from remediator.store.storms import EVERYTHING, WRITE_AGAIN, scope_of


class _Storm(Struct):
    """A storm, as its row has it."""

    since: int
    until: int | None
    episodes: int
    evidence: Passing


class Storms:
    """Storms by scope, and the alerts that can become one."""

    def __init__(self) -> None:
        self._storms: dict[str, _Storm] = {}
        self._came: dict[str, deque[int]] = {}
        self.until = 0.0  #: when the last storm ends

    def came(self, scope: str, most: int, now: int) -> None:
        """Note a new alert of a scope that can have a storm."""
        self._came.setdefault(scope, deque(maxlen=most)).append(now)

    def count(self, scope: str, limit: Storm, run: Passing, now: int) -> None:
        """Count the alert of a new run: a storm begins, goes on, or there is none (``store.storms.count``)."""
        came = self._came.get(scope)
        most = limit.max + (scope == EVERYTHING)
        if came is None or len(came) < most or now - came[0] >= limit.per * SECOND:
            return
        until = now + int(limit.calm * SECOND) if limit.resume == "auto" else None
        storm = self._storms.get(scope)
        if storm is None or (storm.until is not None and storm.until <= now):
            self._storms[scope] = _Storm(now, until, limit.max + 1, run)
        else:
            storm.episodes += 1
            if until is not None and (storm.until is None or until - storm.until >= WRITE_AGAIN):
                storm.until = until
        ends = self._storms[scope].until
        self.until = max(self.until, math.inf if ends is None else ends)

    def of(self, run: Passing) -> tuple[StormNow, ...]:
        """Return the storms that can hold this run."""
        if not self._storms:
            return ()
        found = ((scope, self._storms.get(scope)) for scope in (EVERYTHING, scope_of(run.plan.rule)))
        return tuple(
            StormNow(scope, storm.since, storm.until, storm.episodes, storm.evidence is run)
            for scope, storm in found if storm is not None
        )  # fmt: skip
