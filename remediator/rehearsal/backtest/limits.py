"""Throttles and budgets: what runs have taken of them, and until when one is used up."""

from __future__ import annotations

from collections import OrderedDict, deque
from itertools import islice

from remediator.core.limits import Throttle
from remediator.rehearsal.backtest.passing import Passing


class Limits:
    """What was counted under each limit. Times are microseconds since 1970."""

    def __init__(self) -> None:
        self._spent: dict[str, deque[int]] = {}
        self._touched: dict[str, OrderedDict[str, int]] = {}
        self._newest: dict[str, dict[str, int]] = {}  #: of budgets: the last targets taken in, the newest first
        self.used_until: dict[str, int] = {}  #: by limit: until when it is used up; forgotten when it changes

    def used_up(self, run: Passing, now: int) -> tuple[str, str, int] | None:
        """Return (guard, scope, until) of the first limit that holds a run; ``run.line`` where only that holds it."""
        scopes = run.scopes
        for key, scope, most, window in scopes.throttles:
            taken = self._spent.get(scope)
            if taken is not None and len(taken) == most and now < taken[0] + window:
                self.used_until[key] = taken[0] + window
                run.line = scopes.line(key)
                return "throttle", key, taken[0] + window
        for key, scope, limit, window in scopes.places:
            at = self.taken_at(scope, limit, run.plan.locks)
            if at is not None and now < at + window:
                if len(run.plan.locks) == 1 and run.plan.locks[0] not in self._newest[scope]:
                    self.used_until[key] = at + window
                    run.line = scopes.line(key)
                return "budget", key, at + window
        return None

    def take(self, run: Passing, now: int) -> list[str]:
        """Take the places of a run; return the limits of which others may have to be told."""
        full = []
        for key, scope, most, window in run.scopes.throttles:
            taken = self._spent.setdefault(scope, deque(maxlen=most))
            taken.append(now)
            self.used_until.pop(key, None)
            if len(taken) == most and now < taken[0] + window:
                full.append(key)
        for key, scope, _, _ in run.scopes.places:
            self.used_until.pop(key, None)
            full.append(key)
            self._newest.pop(scope, None)
            touched = self._touched.setdefault(scope, OrderedDict())
            for target in run.plan.locks:
                touched[target] = now
                touched.move_to_end(target)
        return full

    def nth_at(self, scope: str, limit: Throttle) -> int | None:
        """When the oldest of a throttle's places was taken, if all are taken."""
        spent = self._spent.get(scope)
        return spent[0] if spent is not None and len(spent) == limit.max else None

    def taken_at(self, scope: str, limit: Throttle, targets: tuple[str, ...]) -> int | None:
        """When the place was taken that these targets would need (``store.budgets``)."""
        touched = self._touched.get(scope)
        if touched is None:
            return None
        newest = self._newest.get(scope)
        if newest is None:  # what stands further back is never asked for
            newest = dict(islice(((name, touched[name]) for name in reversed(touched)), limit.max + 1))
            self._newest[scope] = newest
        free = limit.max - len(targets)
        if free < 0:
            return None
        if not newest.keys().isdisjoint(targets):
            times = [at for name, at in newest.items() if name not in targets]
            # Of several targets that stand there the ones behind them are asked for: those are not kept.
            if len(times) <= free < len(touched) and len(targets) > 1:
                times = [touched[name] for name in reversed(touched) if name not in targets]
            return times[free] if len(times) > free else None
        return next(islice(newest.values(), free, None), None)
