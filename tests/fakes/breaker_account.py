"""An account of breakers, trials and reservations as they look from outside, and what must follow from it.

Kept apart from the product's: it sees how steps came out, who claimed and how runs ended, and says of each claim and
each hold whether it was right.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from fakes.small_site import SECOND

from remediator.core.breaker import BreakerLimits
from remediator.core.limits import Throttle
from remediator.core.records import Phase
from remediator.core.transitions import Status
from remediator.engine.work import Task, Work
from remediator.store.sqlite import Tx

_BAD = {Status.ESCALATED, Status.FAILED, Status.UNDONE, Status.UNKNOWN, Status.EXPIRED}


@dataclass
class Seen:
    """One breaker: failures in a row, until when it lets nobody through, successes of its trials since."""

    failures: int = 0
    until: int | None = None
    successes: int = 0
    trying: set[str] = field(default_factory=set)  #: runs let through on trial that nobody has heard from

    # Once a trial has succeeded it is half-open, also where the clock is put back to before ``until``.
    def open(self, now: int) -> bool:
        return self.until is not None and now < self.until and not self.successes

    def half_open(self, now: int) -> bool:
        return self.until is not None and not self.open(now)

    def count(self, limits: BreakerLimits, now: int, *, success: bool) -> None:
        if success and self.open(now):
            return  # it was begun before
        if success:
            self.failures, self.successes = 0, self.successes + (self.until is not None)
            if self.successes >= limits.trials:
                self.until, self.successes = None, 0
            return
        self.failures += 1
        if self.half_open(now) or self.failures >= limits.failures:
            self.until, self.successes = now + int(limits.recovery * SECOND), 0


@dataclass
class BreakerAccount:
    """The account; ``see`` gets all that a transaction decided."""

    tx: Tx
    backend: BreakerLimits
    outcome: BreakerLimits
    breakers: defaultdict[str, Seen] = field(default_factory=lambda: defaultdict(Seen))
    claimed: dict[str, tuple[str, int]] = field(default_factory=dict)  #: rule and cycle of who holds a claim

    def came(self, run: str, task: Task, now: int, *, transport: bool | None) -> None:
        """A step came out; None: the backend was not asked."""
        if task.action is None or transport is None:
            return
        seen = self.breakers[f"backend:{task.backend}"]
        seen.count(self.backend, now, success=not transport)
        seen.trying.discard(run)

    def reset(self, key: str) -> None:
        """Somebody has closed it by hand."""
        self.breakers.pop(key, None)

    def see(self, work: Work, now: int, limits: dict[str, Throttle]) -> None:
        """Check who claimed and who is held, and remember it; ``limits`` by what a hold's scope says."""
        run, plan = work.run.id, work.run.plan
        before = self.claimed.get(run, ("", -1))[1]
        if work.run.claimed > before and not plan.undoes:
            self._check_claim(work, now)
        if work.run.claimed >= 0 and work.finish is None:
            self.claimed[run] = (plan.rule, work.run.claimed)
        else:
            self.claimed.pop(run, None)
            for seen in self.breakers.values():
                seen.trying.discard(run)
        if work.held is not None:
            self._check_hold(work, now, limits)
        if work.finish is not None and not plan.undoes:
            self._count_end(work, now)

    def _check_claim(self, work: Work, now: int) -> None:
        run, plan = work.run.id, work.run.plan
        for backend in plan.backends:
            seen = self.breakers[f"backend:{backend}"]
            assert not seen.open(now), "it is let through to a backend that does not answer"
            if seen.half_open(now):
                under_way = len(seen.trying - {run}) + seen.successes
                assert under_way < self.backend.trials, "more are let through to a half-open backend than it wants"
                seen.trying.add(run)
        for key in outcome_keys(work):
            assert not self.breakers[key].open(now), "it is let through where runs do not help"
            if self.breakers[key].half_open(now):
                assert not self._others(run, plan.rule), "two runs at a time try whether it helps again"

    def _others(self, run: str, rule: str) -> list[str]:
        return [other for other, (its, _) in self.claimed.items() if other != run and its == rule]

    def _check_hold(self, work: Work, now: int, limits: dict[str, Throttle]) -> None:
        held, run = work.held, work.run.id
        assert held is not None
        if held.guard == "breaker":
            seen = self.breakers[held.scope]
            if held.scope.startswith("backend:"):
                tried = len(seen.trying - {run}) + seen.successes >= self.backend.trials
            else:
                tried = bool(self._others(run, work.run.plan.rule))
            assert seen.open(now) or (seen.half_open(now) and tried), f"{held.reason}, but nobody tries it"
        elif held.guard in ("throttle", "budget"):
            scope, limit = held.scope.partition(":")[2], limits[held.scope]
            since = now - int(limit.per * SECOND)
            if held.guard == "throttle":
                query, mine, wanted = "SELECT count(DISTINCT run) FROM spent WHERE run NOT IN", (run,), 1
            else:
                mine, wanted = work.run.plan.locks, len(work.run.plan.locks)
                query = "SELECT count(*) FROM touched WHERE target NOT IN"
            marks = ",".join("?" * len(mine))
            (others,) = self.tx.one(f"{query} ({marks}) AND scope = ? AND at > ?", *mine, scope, since)  # type: ignore[misc]
            assert others + wanted > limit.max, f"{held.reason}, but its own is among them"

    def _count_end(self, work: Work, now: int) -> None:
        """What became of a run that has tried something; without a verification nobody knows."""
        assert work.finish is not None
        status, plan = work.finish.status, work.run.plan
        bad = status in _BAD or (status is Status.UNVERIFIED and plan.verify is not None)
        acted = any(entry.phase is Phase.ACT for entry in work.run.journal.values())
        if not acted or not (bad or status is Status.SUCCEEDED):
            return
        for key in outcome_keys(work)[1 if status is Status.UNKNOWN else 0 :]:
            self.breakers[key].count(self.outcome, now, success=not bad)

    def check(self) -> None:
        """Whether the rows say the same: who is on trial where, and which breakers do not let everybody through."""
        rows = {(key, run) for key, run in self.tx.all("SELECT key, run FROM trial")}
        assert rows == {(key, run) for key, seen in self.breakers.items() for run in seen.trying}
        shut = {key for (key,) in self.tx.all("SELECT key FROM breaker WHERE state <> 'closed'")}
        assert shut == {key for key, seen in self.breakers.items() if seen.until is not None}


def outcome_keys(work: Work) -> tuple[str, str]:
    """Return the names of the breakers that count how its runs end."""
    plan = work.run.plan
    return f"rule:{plan.rule}", f"target:{plan.target} guide:{plan.guide}"
