"""Circuit breakers as values: closed, open, half-open, with a few trials and a manual reset.

A backend's breaker counts transport errors; an outcome breaker counts runs that did not help.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from remediator.core.durations import SECOND


class BreakerState(StrEnum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerLimits(Struct, frozen=True):
    """When it opens and how it closes again."""

    failures: int = 5  #: in a row, to open it
    recovery: float = 60.0  #: seconds until trials are let through
    trials: int = 3  #: that must succeed to close it


class Breaker(Struct, frozen=True):
    """One breaker. ``key``: ``backend:http/db:8080``, ``rule:NAME``, ``target:T guide:G``."""

    key: str
    state: BreakerState = BreakerState.CLOSED
    failures: int = 0  #: in a row
    until: int | None = None  #: open until then, in microseconds
    trials: int = 0  #: successful trials since it became half-open
    total: int = 0  #: outcomes counted since it was made or reset
    failed: int = 0
    updated_at: int = 0

    @property
    def error_rate(self) -> float:
        """The share of counted outcomes that failed."""
        return self.failed / self.total if self.total else 0.0

    def at(self, now: int) -> Breaker:
        """Return it as of now: an open one whose time is over is half-open."""
        if self.state is BreakerState.OPEN and self.until is not None and now >= self.until:
            return replace(self, state=BreakerState.HALF_OPEN, trials=0)
        return self

    def retry_in(self, now: int) -> float:
        """Seconds until trials are let through; 0 when it lets through."""
        return max((self.until or 0) - now, 0) / SECOND if self.at(now).state is BreakerState.OPEN else 0.0

    def after(self, *, success: bool, now: int, limits: BreakerLimits) -> Breaker:
        """Return it after one more outcome."""
        was = self.at(now)
        counted = replace(was, total=was.total + 1, failed=was.failed + (not success), updated_at=now)
        if success:
            trials = was.trials + 1
            if was.state is BreakerState.HALF_OPEN and trials < limits.trials:
                return replace(counted, trials=trials, failures=0)
            if was.state is BreakerState.OPEN:  # an outcome of something begun before it opened
                return counted
            return replace(counted, state=BreakerState.CLOSED, failures=0, trials=0, until=None)
        failures = was.failures + 1
        if was.state is BreakerState.HALF_OPEN or failures >= limits.failures:
            until = now + int(limits.recovery * SECOND)
            return replace(counted, state=BreakerState.OPEN, failures=failures, until=until, trials=0)
        return replace(counted, failures=failures)
