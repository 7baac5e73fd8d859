"""Days of trouble in virtual time: many targets, storms, flapping, failing remedies, pauses, a clock that steps back.

The real units run on rows in memory; whoever carries runs is this module, in an order that the seed decides. The
site keeps an account of its own, against which each change is held when it begins (``fakes.guarded_site``).
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from fakes.guarded_site import PERSONS, RULES, SCOPES, GuardedSite
from fakes.small_site import SECOND

from remediator.core.limits import Flapping, Storm, Throttle
from remediator.core.records import Outcome
from remediator.core.scopes import SiteLimits
from remediator.core.transitions import FINAL
from remediator.store import inbox

LIMITS = SiteLimits(
    per_target=Throttle(4, 3600.0), per_namespace=Throttle(60, 3600.0), overall=Throttle(80, 3600.0),
    budget=Throttle(60, 3600.0), budget_per_cluster=Throttle(30, 3600.0), storm=Storm(60, 60.0, calm=300.0),
    loop_guard=600.0, stale=6 * 3600.0, flapping=Flapping(4, 3600.0, 1800.0),
)  # fmt: skip
_MORE = {
    "throttle: {max: 3, per: 1h}, budget: {max: 2, per: 1h}": "throttle: {max: 40, per: 1h}, budget: {max: 20, per: 1h}",
    "storm: {max: 2, per: 1m, calm: 5m}": "storm: {max: 20, per: 1m, calm: 5m}",
    "throttle: {max: 1, per: 1h}": "throttle: {max: 5, per: 1h}",
}
HOLD_MAX = 1800.0
DAY = 86400
ZONES = 7


def zone(service: str) -> str:
    """Return where a service runs."""
    return f"z{sum(map(ord, service)) % ZONES}"


def rules() -> str:
    """Return the rules, with limits for a site of many targets."""
    text = RULES
    for old, new in _MORE.items():
        assert old in text
        text = text.replace(old, new)
    return text


@dataclass
class Days:
    """A site, its troubles, and what has been seen of it."""

    folder: Path
    seed: int
    targets: int = 2000
    since: dict[tuple[str, str], int] = field(default_factory=dict)  #: of what fires, by (name, service)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.guarded = GuardedSite(self.folder, rules(), LIMITS, zone)
        self.site = self.guarded.small
        self.tx = self.site.tx
        self.site.now += DAY * SECOND

    def live(self, seconds: int, step: int = 20) -> None:
        """Let time pass; things break, recover, flap; runs are carried as they are due."""
        end = self.site.now + seconds * SECOND
        while self.site.now < end:
            self.site.tick(step)
            self._trouble()
            self._people()
            inbox.close_resolved(self.tx, 120 * SECOND, self.site.now, LIMITS.flapping)
            self._carry()

    def jump_back(self, seconds: int) -> None:
        """The machine's clock is put back."""
        self.site.now -= seconds * SECOND

    def storm(self, count: int) -> None:
        """Many things break at once."""
        for number in range(count):
            self._fire("Slow" if number % 3 else "Down", f"s{self.random.randrange(self.targets)}-{number}")

    def quiet(self) -> None:
        """All recovers, and nobody has paused anything."""
        for scope in SCOPES:
            self.guarded.resume(scope)
        for name, service in list(self.since):
            self._resolve(name, service)

    def _trouble(self) -> None:
        roll = self.random.random
        for name, often in (("Down", 0.25), ("Slow", 0.2), ("Small", 0.08), ("Odd", 0.02), ("Cause", 0.01)):
            if roll() < often:
                self._fire(name, f"s{self.random.randrange(self.targets)}")
        if roll() < 0.15:  # a few flap
            key = ("Down", f"s{self.random.randrange(5)}")
            self._resolve(*key) if key in self.since else self._fire(*key)
        for key in self.random.sample(sorted(self.since), min(2, len(self.since))):
            if roll() < 0.3:
                self._resolve(*key)
            elif roll() < 0.3:
                self._fire(*key)  # a resend

    def _people(self) -> None:
        roll = self.random.random()
        if roll < 0.006:
            self.guarded.pause(self.random.choice(SCOPES), self.random.choice((None, 600, 3600)))
        elif roll < 0.03:
            self.guarded.resume(self.random.choice(SCOPES))
        if self.random.random() < 0.15:
            for who in self.random.sample(PERSONS, 2):
                self.guarded.say_yes(who, self.random.randrange(100))
        if roll > 0.99:
            for (run,) in self.tx.all("SELECT id FROM run WHERE status = 'unknown' LIMIT 5"):
                self.guarded.settle(run, happened=self.random.random() < 0.5)
        if roll > 0.999:
            self.guarded.end_storm("everything")

    def _fire(self, name: str, service: str) -> None:
        since = self.since.setdefault((name, service), self.site.now)
        self.guarded.notify(name, service, firing=True, since=since)

    def _resolve(self, name: str, service: str) -> None:
        if self.since.pop((name, service), None) is not None:
            self.guarded.notify(name, service, firing=False)

    def _carry(self) -> None:
        due = self.tx.all(
            "SELECT id FROM run WHERE finished_at IS NULL AND due_at <= ? ORDER BY priority, created_at LIMIT 200",
            self.site.now,
        )
        self.guarded.look(*(run for (run,) in due))
        if self.random.random() < 0.002:
            self.guarded.die()
        left = self.random.randrange(3)  # some are still in flight when time goes on
        while len(self.guarded.flying) > left:
            roll = self.random.random()
            outcome = Outcome.UNKNOWN if roll < 0.01 else Outcome.FAILED if roll < 0.1 else Outcome.DONE
            number, holds = self.random.randrange(100), self.random.random() < 0.6
            self.guarded.come_out(number, outcome, transport=roll < 0.02, holds=holds)
        self.look()

    def look(self) -> None:
        """Check what must hold after every round."""
        forgotten = [
            run for (run,) in self.tx.all("SELECT id FROM run WHERE finished_at IS NULL AND due_at IS NULL")
            if run not in self.guarded.flying
        ]  # fmt: skip
        assert forgotten == [], forgotten
        gaps = self.tx.all("SELECT scope FROM spent GROUP BY scope HAVING max(n) <> count(*) OR min(n) <> 1")
        assert gaps == [], gaps

    def statuses(self) -> Counter[str]:
        """Return how many runs stand how."""
        return Counter(dict(self.tx.all("SELECT status, count(*) FROM run GROUP BY status")))


__all__ = ["DAY", "FINAL", "HOLD_MAX", "LIMITS", "Days"]
