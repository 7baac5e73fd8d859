"""A site with every guard, what a test does to it, and an account of its own of what must never happen there.

Kept apart from the guards' code: who binds, who was let through and who changed what is noted here as it is seen
from outside, and each change that begins is held against it.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fakes.breaker_account import BreakerAccount
from fakes.small_site import SECOND, SmallSite, alert

from remediator.core.action import Intent
from remediator.core.breaker import BreakerLimits
from remediator.core.guards import Envelope
from remediator.core.limits import Storm, Throttle
from remediator.core.policy import ApprovalNeed, ApprovalRule, Policy
from remediator.core.records import Outcome, Phase
from remediator.core.scopes import SiteLimits, budget_scopes, limited_scopes
from remediator.core.verification import Sample
from remediator.engine.conclude import intend
from remediator.engine.work import Task, Work
from remediator.errors import NotFoundError
from remediator.store import control

RULES = """
time_intervals:
  - name: evening
    time_intervals: [{times: [{start_time: "14:00", end_time: "15:00"}]}]
rules:
  - name: restart
    match: alertname = "Down"
    guide: restart
    with: {service: "{{ labels.service }}"}
    mode: auto
    limits: {cooldown: 5m, throttle: {max: 3, per: 1h}, budget: {max: 2, per: 1h}, repeats: {max: 2, per: 1d, then: stop}}
  - name: tidy
    match: alertname = "Slow"
    guide: tidy
    with: {service: "{{ labels.service }}"}
    mode: auto
    mute_time_intervals: [evening]
    inhibited_by: [{source_matchers: ['alertname = "Cause"'], equal: [zone]}]
    limits: {storm: {max: 2, per: 1m, calm: 5m}}
  - name: grow
    match: alertname = "Small"
    guide: grow
    with: {service: "{{ labels.service }}"}
    mode: auto
  - name: risky
    match: alertname = "Odd"
    guide: risky
    with: {service: "{{ labels.service }}"}
    mode: auto
    limits: {throttle: {max: 1, per: 1h}}
guides:
  restart:
    summary: it is down
    parameters: {service: {type: string}}
    target: host/{{ params.service }}
    remedies:
      - name: restart it
        steps:
          - http.request: {url: "http://127.0.0.1:9/restart/{{ params.service }}", method: POST}
    escalate: sev-2
  tidy:
    summary: it is slow
    parameters: {service: {type: string}}
    target: host/{{ params.service }}/unit
    diagnose:
      - id: look
        http.probe: {url: "http://127.0.0.1:9/health"}
    remedies:
      - name: tidy up
        steps:
          - http.request: {url: "http://127.0.0.1:9/tidy/{{ params.service }}", method: POST}
          - http.request: {url: "http://127.0.0.1:9/sweep/{{ params.service }}", method: PUT}
      - name: start anew
        mode: ask
        steps:
          - http.request: {url: "http://127.0.0.1:9/anew/{{ params.service }}", method: POST}
    verify:
      within: 1m
      all:
        - http.probe: {url: "http://127.0.0.1:9/health"}
  grow:
    summary: it is too small
    parameters: {service: {type: string}}
    target: kubernetes/default/shop/deployment/{{ params.service }}
    remedies:
      - name: grow for a while
        for: 20m
        steps:
          - kubernetes.scale: {kind: deployment, namespace: shop, name: "{{ params.service }}", replicas: 4}
  risky:
    summary: it is odd
    parameters: {service: {type: string}}
    target: vault/{{ params.service }}
    remedies:
      - name: dare it
        steps:
          - http.request: {url: "http://127.0.0.1:9/dare/{{ params.service }}", method: POST}
"""
NAMES = ("Down", "Down", "Slow", "Slow", "Small", "Odd", "Cause")
SERVICES = {"a": "one", "b": "one", "c": "two", "d": "two"}  #: and the zone that each is in
PERSONS = ("ann", "bob", "eve", "mallory")
MAY_APPROVE = frozenset(PERSONS[:3])
SCOPES = (
    "global", "global", "rule:restart", "rule:tidy", "target:host/a", "target:host/b/**", "cluster:default",
    "namespace:default/shop",
)  # fmt: skip
LIMITS = SiteLimits(
    per_target=Throttle(2, 3600.0), overall=Throttle(6, 3600.0), per_namespace=Throttle(4, 3600.0),
    budget=Throttle(4, 3600.0), budget_per_cluster=Throttle(3, 3600.0), storm=Storm(5, 60.0, calm=120.0),
    loop_guard=600.0,
)  # fmt: skip
TRIALS = 2
OUTCOMES = BreakerLimits(3, 600.0, 1)
POLICY = Policy(approvals=(ApprovalRule(("http.*",), ("vault/**",), ApprovalNeed(2, MAY_APPROVE)),))
EVERYWHERE = Envelope(("host/**", "kubernetes/**", "vault/**"), policy=POLICY)


def overlap(one: str, other: str) -> bool:
    """Whether two places are the same, or one lies in the other."""
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


@dataclass
class GuardedSite:
    """The site, what is in flight, and the account."""

    folder: Path
    rules: str = RULES
    site_limits: SiteLimits = LIMITS
    zone: Callable[[str], str] = SERVICES.__getitem__  #: of a service
    flying: dict[str, Work] = field(default_factory=dict)
    firing: set[tuple[str, str]] = field(default_factory=set)  #: (name, service)
    pauses: dict[str, int | None] = field(default_factory=dict)  #: until when, by scope
    said: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))  #: who, by (run, shown)
    let_through: dict[str, set[tuple[int, str]]] = field(default_factory=lambda: defaultdict(set))  #: (at, run) by scope
    taken: dict[str, set[tuple[int, str]]] = field(default_factory=lambda: defaultdict(set))  #: (at, target) by scope
    taken_by: dict[str, list[tuple[str, tuple[int, str]]]] = field(default_factory=lambda: defaultdict(list))
    limits: dict[str, Throttle] = field(default_factory=dict)
    changed: dict[str, tuple[int, str, str]] = field(default_factory=dict)  #: target: (at, run, rule)
    remedied: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    begun: list[tuple[str, str]] = field(default_factory=list)  #: (rule, phase) of every change that was begun
    todo: deque[str] = field(default_factory=deque)  #: runs that are to be looked at
    looking: bool = False
    outcome_breaker: BreakerLimits = OUTCOMES

    def __post_init__(self) -> None:
        backend_breaker = BreakerLimits(2, 60.0, TRIALS)
        self.small = SmallSite.of(
            self.folder, self.rules, limits=self.site_limits, envelope=EVERYWHERE, backend_breaker=backend_breaker,
            outcome_breaker=self.outcome_breaker, reporters=("slack",), hold_max=1800.0,
        )  # fmt: skip
        self.account = BreakerAccount(self.small.tx, backend_breaker, self.outcome_breaker)

    # -- what is done to it

    def notify(self, name: str, service: str, *, firing: bool, since: int | None = None) -> None:
        """An alert comes."""
        (self.firing.add if firing else self.firing.discard)((name, service))
        starts_at = self.small.now if since is None else since
        one = alert(service, name=name, firing=firing, starts_at=starts_at, zone=self.zone(service))
        done = self.small.admit(one)
        for work in done.works:
            self.take(work)
        self.look(*done.wake)

    def pass_time(self, seconds: int) -> None:
        """Time passes, and what is due is looked at, oldest first."""
        self.small.tick(seconds)
        due = self.small.tx.all(
            "SELECT id FROM run WHERE finished_at IS NULL AND due_at <= ? ORDER BY created_at", self.small.now
        )
        self.look(*(run for (run,) in due))

    def look(self, *runs: str) -> None:
        """Look at runs as the dispatcher does: one that is being carried is left alone."""
        self.todo.extend(runs)
        if self.looking:
            return
        self.looking = True
        while self.todo:
            if (run := self.todo.popleft()) not in self.flying:
                self.take(self.small.begin(run))
        self.looking = False

    def come_out(self, number: int, outcome: Outcome, *, transport: bool | None, holds: bool) -> None:
        """A step that is in flight comes out so."""
        if not self.flying:
            return
        work = self.flying.pop(list(self.flying)[number % len(self.flying)])
        if work.poll:
            self.take(self.small.polled(work, Sample("s", holds=holds, reason="it was seen")))
            return
        if any(task.intent is None for task in work.tasks):
            resolved = {task.job.key: Intent(task.parameters, {"replicas": 2}) for task in work.tasks}
            self.small.slots.release(work.run.id)
            self.take(intend(self.small.tx, work.run, resolved, self.small.site, self.small.slots, self.small.now))
            return
        acts = [task for task in work.tasks if task.job.phase is Phase.ACT]
        if not acts and outcome is Outcome.UNKNOWN:
            outcome = Outcome.FAILED  # only a change can be unknown
        failed = transport and outcome is not Outcome.DONE
        for task in work.tasks:
            self._note_change(work, task, outcome)
            self.account.came(work.run.id, task, self.small.now, transport=failed)
        self.take(self.small.came(work, outcome, transport=failed, holds=holds, state="firing", concern=""))

    def die(self) -> None:
        """The process dies: what was in flight is found as intents by the next one."""
        lost, self.flying = self.flying, {}
        for run in lost:
            self.small.slots.release(run)
        for run in lost:
            work = self.small.begin(run)
            again = [task for task in work.tasks if task.job.phase is Phase.ACT and task.intent] if work else []
            had = {task.job.key for task in lost[run].tasks if task.intent}
            assert all(task.recovered for task in again if task.job.key in had), "what may have happened is begun anew"
            self.take(work)

    def pause(self, scope: str, seconds: int | None) -> None:
        """Somebody pauses, or announces a maintenance."""
        until = None if seconds is None else self.small.now + seconds * SECOND
        try:
            control.pause(self.small.tx, scope, "ann", "why not", until, self.small.now,
                          kind="pause" if until is None else "maintenance")  # fmt: skip
        except control.ConflictError:
            return  # nobody's pause is cut short
        self.pauses[scope] = until

    def resume(self, scope: str) -> None:
        """Somebody resumes."""
        if self.pauses.pop(scope, 0) != 0:
            self.look(*control.resume(self.small.tx, scope, "ann", self.small.now))

    def pause_one(self, number: int) -> None:
        """Somebody pauses one of the runs that are in flight."""
        if self.flying:
            run = list(self.flying)[number % len(self.flying)]
            with contextlib.suppress(control.ConflictError):
                control.pause_run(self.small.tx, run, "ann", "why not", self.small.now)

    def resume_ones(self) -> None:
        """Somebody has all of these go on."""
        for (run,) in self.small.tx.all("SELECT id FROM run WHERE paused_by <> '' AND finished_at IS NULL"):
            self.look(*control.resume_run(self.small.tx, run, "ann", "go on", self.small.now))

    def reset_breakers(self) -> None:
        """Somebody closes all breakers by hand."""
        for (key,) in self.small.tx.all("SELECT key FROM breaker"):
            self.account.reset(key)
            self.look(*control.reset_breaker(self.small.tx, key, "ann", self.small.now))

    def end_storm(self, scope: str) -> None:
        """Somebody says that a storm is over."""
        with contextlib.suppress(NotFoundError):
            self.look(*control.resume(self.small.tx, f"storm:{scope}", "ann", self.small.now))

    def settle(self, run: str, *, happened: bool) -> None:
        """Somebody says what became of an unknown run. Who has changed nothing after all is not counted."""
        done = self.small.tx.one("SELECT 1 FROM step WHERE run = ? AND phase = 'act' AND outcome IN ('done', 'failed')"
                                 " AND attempt > 0", run)  # fmt: skip
        if not happened and done is None:
            for seen in self.let_through.values():
                seen -= {event for event in seen if event[1] == run}
            for scope, event in self.taken_by.pop(run, ()):
                self.taken[scope].discard(event)
        self.look(*control.settle(self.small.tx, run, "ann", "I looked", happened=happened, now=self.small.now))

    def say_yes(self, who: str, number: int) -> None:
        """Somebody approves one of the runs that wait for it."""
        waiting = self.small.tx.all("SELECT id, shown FROM run WHERE status = 'awaiting_approval' ORDER BY id")
        if waiting:
            run, shown = waiting[number % len(waiting)]
            try:
                woken = control.approve(self.small.tx, run, who, "yes", shown, self.small.now)
            except control.ConflictError:
                return
            self.said[run, shown].add(who)
            self.look(*woken)

    # -- what is held against it

    def take(self, work: Work | None) -> None:
        """Take over what a transaction decided; check each change that begins."""
        if work is None:
            return
        plan = work.run.plan
        limits = {f"{guard}:{scope}": limit for guard, scope, limit in limited_scopes(plan, self.site_limits)}
        limits |= {f"budget:{scope}": limit for scope, limit in budget_scopes(plan, self.site_limits)}
        self.account.see(work, self.small.now, limits)
        for task in work.tasks:
            if task.job.phase in (Phase.ACT, Phase.UNDO) and task.intent is not None and not task.only_ask:
                self._check(work, task)
        if work.tasks or work.poll:
            assert work.run.id not in self.flying, "a run has two carriers"
            self.flying[work.run.id] = work
        self.look(*work.wake, *(made.run for made in work.made))

    def _check(self, work: Work, task: Task) -> None:
        plan, run, now = work.run.plan, work.run.id, self.small.now
        assert self.small.site.envelope.targets, "something is changed outside of the envelope"
        if not plan.undoes or plan.wait:
            assert not [scope for scope in self.pauses if self._binds(scope, plan)], "something is changed while paused"
        locked = {scope for (scope,) in self.small.tx.all("SELECT scope FROM lock WHERE run = ?", run)}
        assert locked >= set(plan.locks), "something is changed without its lock"
        self.begun.append((plan.rule, task.job.phase))
        if plan.undoes or task.job.phase is Phase.UNDO:
            return
        self._check_reserved(work)
        approved, by = self.small.tx.one("SELECT approved, approved_by FROM run WHERE id = ?", run)
        if plan.rule == "risky":
            assert len(self.said[run, approved] & MAY_APPROVE) >= 2, "two persons have not said yes to this"
        if task.recovered or not task.job.key.endswith("/0"):
            return
        self._check_switches(plan, now)
        if task.job.cycle == 0 and not by:
            self._check_doubts(work)

    def _binds(self, scope: str, plan) -> bool:  # type: ignore[no-untyped-def]
        until = self.pauses[scope]
        if until is not None and until <= self.small.now:
            return False
        kind, _, name = scope.partition(":")
        place = {"cluster": f"kubernetes/{name}", "namespace": f"kubernetes/{name}", "target": name.removesuffix("/**")}
        return kind == "global" or name == plan.rule or any(overlap(place.get(kind, ""), lock) for lock in plan.locks)

    def _check_reserved(self, work: Work) -> None:
        """Each scope that limits it has one reservation of it; they are remembered, whatever becomes of the rows."""
        plan, run = work.run.plan, work.run.id
        for _, scope, limit in limited_scopes(plan, self.site_limits):
            rows = self.small.tx.all("SELECT at FROM spent WHERE scope = ? AND run = ?", scope, run)
            assert len(rows) == 1, f"{scope} has {len(rows)} reservations of a run that changes something"
            self.let_through[scope].add((rows[0][0], run))
            self.limits[scope] = limit
        for scope, limit in budget_scopes(plan, self.site_limits):
            for target in plan.locks:
                row = self.small.tx.one("SELECT at, run FROM touched WHERE scope = ? AND target = ?", scope, target)
                assert row is not None, f"{target} is not in the budget of {scope}"
                assert row[1] == run, f"{target} is not in the budget of {scope}"
                self.taken[scope].add((row[0], target))
                self.taken_by[run].append((scope, (row[0], target)))
            self.limits[f"budget {scope}"] = limit

    def _check_switches(self, plan, now: int) -> None:  # type: ignore[no-untyped-def]
        for scope, until in self.small.tx.all("SELECT scope, until FROM storm"):
            storms = scope in ("everything", f"rule {plan.rule}") and (until is None or until > now)
            assert not storms, "something is changed in a storm"
        if plan.rule == "tidy":
            assert not 14 * 3600 <= now // SECOND % 86400 < 15 * 3600, "something is changed in a muted hour"
            causes = {self.zone(service) for name, service in self.firing if name == "Cause"}
            assert plan.labels["zone"] not in causes, "something is changed while its cause fires"

    def _check_doubts(self, work: Work) -> None:
        """What only a person may let through, and nobody has."""
        plan, run = work.run.plan, work.run.id
        (claimed,) = self.small.tx.one("SELECT max(at) FROM spent WHERE run = ?", run)
        for target, (at, other, rule) in self.changed.items():
            if other == run or (plan.cooldown and rule == plan.rule) or not any(overlap(target, x) for x in plan.locks):
                continue
            caused = plan.starts_at >= at and 0 <= claimed - at < self.site_limits.loop_guard * SECOND
            assert not caused, "our own change may have caused it, and nobody was asked"
        if plan.cooldown:
            last = [at for target, (at, other, _) in self.changed.items() if other != run and target in plan.locks]
            assert all(claimed - at >= plan.cooldown * SECOND for at in last), "it is changed again too soon"
        repeats = plan.limits.repeats if plan.limits else None
        if repeats:
            times = self.remedied[plan.rule, plan.target]
            recent = {at for at in times if at > claimed - repeats.per * SECOND}
            assert len(recent) < repeats.max, "it was needed again and again, and nobody was asked"

    def _note_change(self, work: Work, task: Task, outcome: Outcome) -> None:
        if task.job.phase not in (Phase.ACT, Phase.UNDO) or outcome is Outcome.FAILED:
            return
        plan = work.run.plan
        for target in plan.locks:
            self.changed[target] = (self.small.now, work.run.id, plan.rule)
        if task.job.phase is Phase.ACT and task.job.key.endswith("/0"):
            self.remedied[plan.rule, plan.target].append(self.small.now)

    def exceeded(self) -> list[tuple[str, int]]:
        """Return (scope, when) of each window that had more than its limit."""
        found = []
        for prefix, events in (("", self.let_through), ("budget ", self.taken)):
            for scope, seen in events.items():
                limit, ordered = self.limits[prefix + scope], sorted(seen)
                for index, (at, _) in enumerate(ordered):
                    inside: set[str] = set()
                    for other, who in ordered[index:]:
                        if other >= at + limit.per * SECOND or len(inside) > limit.max:
                            break
                        inside.add(who)
                    if len(inside) > limit.max:
                        found.append((prefix + scope, at))
        return found
