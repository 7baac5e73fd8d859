"""Days of trouble in virtual time: many targets, storms, flapping, failing remedies, pauses, a clock that steps back.

The real units run on rows in memory; whoever carries runs is this module, one step at a time, in an order that the
seed decides. After every transaction the invariants are looked at.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from fakes.small_site import SECOND, SmallSite, alert

from remediator.core.limits import Flapping, Storm, Throttle
from remediator.core.records import Outcome, Phase
from remediator.core.transitions import FINAL
from remediator.core.verification import Sample
from remediator.store import control, inbox
from remediator.store.facts import SiteLimits

RULES = """
rules:
  - name: restart
    match: alertname = "Down"
    guide: restart
    with: {service: "{{ labels.service }}"}
    mode: auto
    limits: {cooldown: 10m, throttle: {max: 40, per: 1h}, repeats: {max: 6, per: 1d, then: stop}}
  - name: tidy
    match: alertname = "Slow"
    guide: restart
    with: {service: "{{ labels.service }}"}
    mode: auto
    inhibited_by: [{source_matchers: ['alertname = "Broken"'], equal: [zone]}]
  - {name: broken, match: 'alertname = "Broken"', guide: look}
guides:
  restart:
    summary: it is down
    parameters: {service: {type: string}}
    target: host/{{ params.service }}
    remedies:
      - name: restart it
        steps:
          - http.request: {url: "http://127.0.0.1:9/restart/{{ params.service }}", method: POST}
    verify:
      within: 2m
      all:
        - http.probe: {url: "http://127.0.0.1:9/health"}
    escalate: sev-2
  look:
    summary: the zone is broken
    target: host/zone
    diagnose:
      - http.probe: {url: "http://127.0.0.1:9/health"}
"""
LIMITS = SiteLimits(
    per_target=Throttle(4, 3600.0), per_namespace=Throttle(1000, 3600.0), overall=Throttle(80, 3600.0),
    budget=Throttle(30, 3600.0), storm=Storm(60, 60.0, calm=300.0), loop_guard=600.0, stale=6 * 3600.0,
    flapping=Flapping(4, 3600.0, 1800.0),
)  # fmt: skip
HOLD_MAX = 1800.0
DAY = 86400


@dataclass
class Days:
    """A site, its troubles, and what has been seen of it."""

    folder: Path
    seed: int
    targets: int = 2000
    firing: dict[tuple[str, str], int] = field(default_factory=dict)  #: (name, service) that fire, since when
    changes: list[tuple[int, str, str]] = field(default_factory=list)  #: (when, target, run)
    paused: bool = False
    woken: dict[str, None] = field(default_factory=dict)  #: runs that another's step has woken

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.site = SmallSite.of(self.folder, RULES, limits=LIMITS, hold_max=HOLD_MAX)
        self.site.now += DAY * SECOND
        self.latest = self.site.now

    def live(self, seconds: int, step: int = 20) -> None:
        """Let time pass; things break, recover, flap; runs are carried as they are due."""
        end = self.site.now + seconds * SECOND
        while self.site.now < end:
            self.site.tick(step)
            self.latest = max(self.latest, self.site.now)
            self._trouble()
            self._people()
            inbox.close_resolved(self.site.tx, 120 * SECOND, self.site.now, LIMITS.flapping)
            self._carry()

    def jump_back(self, seconds: int) -> None:
        """The machine's clock is put back."""
        self.site.now -= seconds * SECOND

    def storm(self, count: int) -> None:
        """Many things break at once."""
        for number in range(count):
            self._fire("Down", f"s{self.random.randrange(self.targets)}-{number}")

    def quiet(self) -> None:
        """All recovers, and nobody has paused anything."""
        self._resume()
        for name, service in list(self.firing):
            self._resolve(name, service)

    def _trouble(self) -> None:
        roll = self.random.random
        if roll() < 0.35:
            self._fire("Down", f"s{self.random.randrange(self.targets)}")
        if roll() < 0.2:
            self._fire("Slow", f"s{self.random.randrange(self.targets)}")
        if roll() < 0.02:
            self._fire("Broken", f"zone{self.random.randrange(3)}")
        if roll() < 0.15:  # a few flap
            name, service = "Down", f"s{self.random.randrange(5)}"
            self._resolve(name, service) if (name, service) in self.firing else self._fire(name, service)
        for key in self.random.sample(sorted(self.firing), min(2, len(self.firing))):
            if roll() < 0.3:
                self._resolve(*key)
            elif roll() < 0.3:
                self._fire(*key)  # a resend

    def _people(self) -> None:
        roll = self.random.random()
        if roll < 0.004 and not self.paused:
            control.pause(self.site.tx, "global", "ann", "look", None, self.site.now)
            self.paused = True
        elif roll < 0.03 and self.paused:
            self._resume()
        waiting = [r for (r,) in self.site.tx.all("SELECT id FROM run WHERE status = 'awaiting_approval' LIMIT 5")]
        for run in waiting:
            if self.random.random() < 0.2:
                self.woken.update(dict.fromkeys(control.approve(self.site.tx, run, "bob", "fine", "", self.site.now)))

    def _resume(self) -> None:
        if self.paused:
            self.woken.update(dict.fromkeys(control.resume(self.site.tx, "global", "ann", self.site.now)))
            self.paused = False

    def _fire(self, name: str, service: str) -> None:
        since = self.firing.setdefault((name, service), self.site.now)
        zone = f"z{sum(map(ord, service)) % 3}"
        for work in self.site.admit(alert(service, name=name, starts_at=since, zone=zone)).works:
            self._on(work)

    def _resolve(self, name: str, service: str) -> None:
        if self.firing.pop((name, service), None) is not None:
            zone = f"z{sum(map(ord, service)) % 3}"
            self.woken.update(dict.fromkeys(self.site.admit(alert(service, name=name, firing=False, zone=zone)).wake))

    def _carry(self) -> None:
        due = self.site.tx.all(
            "SELECT id FROM run WHERE finished_at IS NULL AND due_at <= ? ORDER BY priority, created_at LIMIT 200",
            self.site.now,
        )
        woken, self.woken = self.woken, {}
        for run in dict.fromkeys([*woken, *(run for (run,) in due)]):
            if (work := self.site.begin(run)) is not None:
                self._on(work)

    def _on(self, work) -> None:  # type: ignore[no-untyped-def]
        """Do what a run needs, until it waits."""
        while work.tasks or work.poll:
            if work.poll:
                holds = self.random.random() < 0.8
                sample = Sample("check1", holds, "as the dice fell")
                work = self.site.polled(work, *[sample for _ in work.run.plan.verify.conditions])
                continue
            for task in work.tasks:
                if task.job.phase is Phase.ACT:
                    assert not self.paused, "something was changed while all was paused"
                    self.changes.append((self.site.now, work.run.plan.target, work.run.id))
            failed = self.random.random() < 0.1
            if work.tasks[0].job.phase is Phase.ACT and self.random.random() < 0.02:
                outcome = Outcome.UNKNOWN
            else:
                outcome = Outcome.FAILED if failed else Outcome.DONE
            self.woken.update(dict.fromkeys(work.wake))
            work = self.site.came(work, outcome, holds=False, status=200, state="firing")
        self.woken.update(dict.fromkeys(work.wake))
        self.look()

    def look(self) -> None:
        """Check what must hold after every transaction."""
        tx = self.site.tx
        locks = [(scope, run) for scope, run in tx.all("SELECT scope, run FROM lock")]
        assert len({scope for scope, _ in locks}) == len(locks)
        forgotten = tx.all(
            "SELECT id, status FROM run WHERE finished_at IS NULL AND due_at IS NULL AND status <> 'acting'"
        )
        assert forgotten == [], forgotten

    def exceeded(self, limit: Throttle, *, distinct: bool, target: str | None = None) -> list[int]:
        """Return when more than the limit was changed in its window."""
        found = []
        events = [(at, place) for at, place, _ in sorted(self.changes) if target in (None, place)]
        for index, (at, _) in enumerate(events):
            window = [place for when, place in events[: index + 1] if at - when < limit.per * SECOND]
            if len(set(window) if distinct else window) > limit.max:
                found.append(at)
        return found

    def open_runs(self) -> list[tuple[str, str, str]]:
        """Return (id, status, held_by) of what is not over."""
        return [tuple(r) for r in self.site.tx.all("SELECT id, status, held_by FROM run WHERE finished_at IS NULL")]

    def statuses(self) -> Counter[str]:
        """Return how many runs stand how."""
        return Counter(dict(self.site.tx.all("SELECT status, count(*) FROM run GROUP BY status")))


__all__ = ["DAY", "FINAL", "HOLD_MAX", "LIMITS", "Days"]
