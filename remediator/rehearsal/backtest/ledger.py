"""What the guards ask about, kept in memory: the same facts that ``store.facts`` reads from rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from itertools import islice

from remediator.core.durations import SECOND
from remediator.core.guards import Facts, Spent
from remediator.core.limits import inhibits, meets, sources
from remediator.core.matchers import MatchOp
from remediator.core.records import Plan
from remediator.engine.work import Site
from remediator.rehearsal.backtest.limits import Limits
from remediator.rehearsal.backtest.passing import Passing
from remediator.rehearsal.backtest.storms import Storms
from remediator.rehearsal.backtest.targets import Targets
from remediator.rehearsal.backtest.waiting import Waiting

WOKEN = 4  #: runs that a lock wakes when it is let go: the oldest


class Ledger:
    """Locks, changes, limits, storms and firing alerts of a replay."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._targets = Targets()
        self._limits = Limits()
        self.storms = Storms()
        self.waiting = Waiting()
        self.firing: dict[str, dict[str, Mapping[str, str]]] = {}  #: labels by alertname and fingerprint
        self._remedied: dict[tuple[str, str], deque[int]] = {}
        self._seen = 0  #: counts what changed
        self._last_seen: dict[str, int] = {}  #: by mark or limit: the count when it changed last

    def facts(self, run: Passing, now: int) -> Facts:
        """Return what is known of everything that can object to this run."""
        plan, scopes = run.plan, run.scopes
        special = plan.limits
        loop_guard = (
            self._site.limits.loop_guard if special is None or special.loop_guard is None else special.loop_guard
        )
        return Facts(
            pauses=(),
            locked_by=self._targets.locked_by(scopes),
            last_change=self._targets.last_changes(scopes) if plan.cooldown or loop_guard else (),
            spent=(
                *(
                    Spent(guard, scope, limit, self._limits.nth_at(scope, limit))
                    for guard, scope, limit in scopes.limited
                ),
                *(
                    Spent("budget", scope, limit, self._limits.taken_at(scope, limit, plan.locks), len(plan.locks))
                    for scope, limit in scopes.budgets
                ),
            ),
            waiting_before=self.waiting.before(run),
            storms=self.storms.of(run),
            firing=self._firing(plan),
            intervals=self._site.table.intervals,
            repeated=self._repeated(plan, now) if special is not None and special.repeats else 0,
            loop_guard=loop_guard,
        )

    def spent(self, run: Passing, now: int) -> tuple[str, str, int] | None:
        """Return (guard, scope, until) of the limit that holds a run; None: the guards have to be asked.

        A limit that is used up holds many runs, and each is looked at whenever a place in it becomes free. What
        the guards would ask first (the envelope, storms, other alerts, windows, locks, cooldown) is only looked
        at here; where any of it could speak, they are asked.
        """
        run.line = None
        if not self._is_plain(run, now):
            return None
        found = self._limits.used_up(run, now)
        if run.line is not None:
            run.checked = self._seen
        return found

    def unchanged(self, run: Passing, now: int) -> int:
        """Return until when the limit that holds a run is used up, if nothing else can hold it; 0: look closer."""
        line = run.line
        if line is None or now < self.storms.until:
            return 0
        if run.checked != self._seen:
            last, checked = self._last_seen, run.checked
            for mark in line.watch:
                if last.get(mark, 0) > checked:
                    return 0
            run.checked = self._seen
        until = self._limits.used_until.get(line.key, 0)
        return until if until > now else 0

    def still_in_line(self, run: Passing, now: int) -> bool:
        """Whether a run that waits behind an older one still does, and for nothing else."""
        if not self._is_plain(run, now):
            return False
        before = self.waiting.before(run)
        return before is not None and before[0] == run.held_scope

    def _is_plain(self, run: Passing, now: int) -> bool:
        """Whether nothing but limits, and older runs, can hold a run."""
        plan, special = run.plan, run.plan.limits
        if not (run.scopes.allowed and run.scopes.fits) or now < self.storms.until:
            return False
        if special is not None and (special.inhibited_by or special.active or special.mute or special.storm):
            return False
        if self._targets.locks and self._targets.is_locked(run.scopes):
            return False
        return not (plan.cooldown and self._targets.changed_since(run.scopes, now - int(plan.cooldown * SECOND)))

    def _note(self, marks: Iterable[str]) -> None:
        self._seen += 1
        self._last_seen.update(dict.fromkeys(marks, self._seen))

    # -- what a run takes, and lets go

    def take(self, run: Passing, now: int) -> None:
        """Take locks and places."""
        self._targets.lock(run)
        self._note((*run.scopes.marks, *self._limits.take(run, now)))

    def release(self, run: Passing) -> list[Passing]:
        """Let go of locks; return the runs that waited for them."""
        woken: list[Passing] = []
        for target in self._targets.let_go(run):
            woken += self.waiting.held_on(f"lock:{target}", WOKEN)
        return woken

    def changed(self, run: Passing, now: int) -> None:
        """Note that a run has changed its targets."""
        self._note(run.scopes.marks)
        self._targets.change(run, now)
        limits = run.plan.limits
        if limits is not None and limits.repeats is not None:
            self._remedied.setdefault((run.plan.target, run.plan.rule), deque(maxlen=1000)).append(now)

    # -- single facts

    def _firing(self, plan: Plan) -> tuple[Mapping[str, str], ...]:
        """Return, of each inhibition that binds, one alert that is why."""
        found: list[Mapping[str, str]] = []
        for inhibition in plan.limits.inhibited_by if plan.limits is not None else ():
            if not meets(inhibition, plan.labels):
                names = {m.value for m in sources(inhibition) if m.name == "alertname" and m.op is MatchOp.EQUAL}
                firing = (labels for name in names or self.firing for labels in self.firing.get(name, {}).values())
                found += islice((labels for labels in firing if inhibits(inhibition, labels, plan.labels)), 1)
        return tuple(found)

    def _repeated(self, plan: Plan, now: int) -> int:
        repeats = plan.limits.repeats if plan.limits else None
        if repeats is None:
            return 0
        since = now - int(repeats.per * SECOND)
        return sum(1 for at in self._remedied.get((plan.target, plan.rule), ()) if at > since)
