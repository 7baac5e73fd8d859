"""What the guards ask about, kept in memory: the same facts that ``store.facts`` reads from rows."""

from __future__ import annotations

import heapq
import math
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from itertools import islice

from msgspec import Struct

from remediator.core.durations import SECOND
from remediator.core.guards import Changed, Facts, Spent, StormNow
from remediator.core.limits import Storm, Throttle, inhibits, meets, sources
from remediator.core.matchers import MatchOp
from remediator.core.records import Plan
from remediator.engine.work import Site
from remediator.rehearsal.backtest.passing import Passing
from remediator.rehearsal.backtest.scopes import Scopes
from remediator.store.storms import EVERYTHING, WRITE_AGAIN, scope_of

WOKEN = 4  #: runs that a lock wakes when it is let go: the oldest


class _Storm(Struct):
    """A storm, as its row has it."""

    since: int
    until: int | None
    episodes: int
    evidence: Passing


class Ledger:
    """Locks, changes, limits, storms and firing alerts of a replay."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._locks: dict[str, Passing] = {}
        self._locked_below: dict[str, set[str]] = {}
        self._changed: dict[str, Changed] = {}
        self._changed_below: dict[str, set[str]] = {}
        self._spent: dict[str, deque[int]] = {}
        self._touched: dict[str, OrderedDict[str, int]] = {}
        self._storms: dict[str, _Storm] = {}
        self._came: dict[str, deque[int]] = {}
        self._remedied: dict[tuple[str, str], deque[int]] = {}
        self._held: dict[str, list[tuple[int, int, Passing]]] = {}
        self._newest: dict[str, dict[str, int]] = {}  #: of budgets: the last targets taken in, the newest first
        self._seen = 0  #: counts what changed
        self._last_seen: dict[str, int] = {}  #: by mark or limit: the count when it changed last
        self._used_until: dict[str, int] = {}  #: by limit: until when it is used up; forgotten when it changes
        self._storms_until = 0.0  #: when the last storm ends
        self.firing: dict[str, dict[str, Mapping[str, str]]] = {}  #: labels by alertname and fingerprint

    def facts(self, run: Passing, now: int) -> Facts:
        """Return what is known of everything that can object to this run."""
        plan, scopes, limits = run.plan, run.scopes, self._site.limits
        special = plan.limits
        loop_guard = limits.loop_guard if special is None or special.loop_guard is None else special.loop_guard
        return Facts(
            pauses=(),
            locked_by=self._locked_by(scopes),
            last_change=self._last_changes(scopes) if plan.cooldown or loop_guard else (),
            spent=(
                *(Spent(guard, scope, limit, self._nth_at(scope, limit)) for guard, scope, limit in scopes.limited),
                *(
                    Spent("budget", scope, limit, self._taken_at(scope, limit, plan.locks), len(plan.locks))
                    for scope, limit in scopes.budgets
                ),
            ),
            waiting_before=self._waiting_before(run),
            storms=self.storms_of(run),
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
        scopes = run.scopes
        for key, scope, most, window in scopes.throttles:
            taken = self._spent.get(scope)
            if taken is not None and len(taken) == most and now < taken[0] + window:
                self._used_until[key] = taken[0] + window
                run.line, run.checked = scopes.line(key), self._seen
                return "throttle", key, taken[0] + window
        for key, scope, limit, window in scopes.places:
            at = self._taken_at(scope, limit, run.plan.locks)
            if at is not None and now < at + window:
                if len(run.plan.locks) == 1 and run.plan.locks[0] not in self._newest[scope]:
                    self._used_until[key] = at + window
                    run.line, run.checked = scopes.line(key), self._seen
                return "budget", key, at + window
        return None

    def unchanged(self, run: Passing, now: int) -> int:
        """Return until when the limit that holds a run is used up, if nothing else can hold it; 0: look closer."""
        line = run.line
        if line is None or now < self._storms_until:
            return 0
        if run.checked != self._seen:
            last, checked = self._last_seen, run.checked
            for mark in line.watch:
                if last.get(mark, 0) > checked:
                    return 0
            run.checked = self._seen
        until = self._used_until.get(line.key, 0)
        return until if until > now else 0

    def still_in_line(self, run: Passing, now: int) -> bool:
        """Whether a run that waits behind an older one still does, and for nothing else."""
        if not self._is_plain(run, now):
            return False
        before = self._waiting_before(run)
        return before is not None and before[0] == run.held_scope

    def _is_plain(self, run: Passing, now: int) -> bool:
        """Whether nothing but limits, and older runs, can hold a run."""
        plan, special = run.plan, run.plan.limits
        if not (run.scopes.allowed and run.scopes.fits) or now < self._storms_until:
            return False
        if special is not None and (special.inhibited_by or special.active or special.mute or special.storm):
            return False
        if self._locks and self._is_locked(run.scopes):
            return False
        return not (plan.cooldown and self._changed_since(run.scopes, now - int(plan.cooldown * SECOND)))

    def _note(self, marks: Iterable[str]) -> None:
        self._seen += 1
        self._last_seen.update(dict.fromkeys(marks, self._seen))

    # -- what a run takes, and lets go

    def take(self, run: Passing, now: int) -> None:
        """Take locks and places."""
        for target, above in run.scopes.above.items():
            self._locks.setdefault(target, run)
            for prefix in above[:-1]:
                self._locked_below.setdefault(prefix, set()).add(target)
        full = []
        for key, scope, most, window in run.scopes.throttles:
            taken = self._spent.setdefault(scope, deque(maxlen=most))
            taken.append(now)
            self._used_until.pop(key, None)
            if len(taken) == most and now < taken[0] + window:
                full.append(key)
        for key, scope, _, _ in run.scopes.places:
            self._used_until.pop(key, None)
            full.append(key)
            self._newest.pop(scope, None)
            touched = self._touched.setdefault(scope, OrderedDict())
            for target in run.plan.locks:
                touched[target] = now
                touched.move_to_end(target)
        self._note((*run.scopes.marks, *full))

    def release(self, run: Passing) -> list[Passing]:
        """Let go of locks; return the runs that waited for them."""
        woken: list[Passing] = []
        for target, above in run.scopes.above.items():
            if self._locks.get(target) is not run:
                continue
            del self._locks[target]
            for prefix in above[:-1]:
                self._locked_below[prefix].discard(target)
            woken += self.held_on(f"lock:{target}", WOKEN)
        return woken

    def changed(self, run: Passing, now: int) -> None:
        """Note that a run has changed its targets."""
        self._note(run.scopes.marks)
        for target, above in run.scopes.above.items():
            if target not in self._changed:
                for prefix in above[:-1]:
                    self._changed_below.setdefault(prefix, set()).add(target)
            self._changed[target] = Changed(target, now, str(run.number), run.plan.rule)
        limits = run.plan.limits
        if limits is not None and limits.repeats is not None:
            self._remedied.setdefault((run.plan.target, run.plan.rule), deque(maxlen=1000)).append(now)

    # -- who is held, and on what

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

    def _waiting_before(self, run: Passing) -> tuple[str, str] | None:
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

    # -- storms

    def storms_of(self, run: Passing) -> tuple[StormNow, ...]:
        """Return the storms that can hold this run."""
        return self._storms_of(run) if self._storms else ()

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
        self._storms_until = max(self._storms_until, math.inf if ends is None else ends)

    def _storms_of(self, run: Passing) -> tuple[StormNow, ...]:
        found = ((scope, self._storms.get(scope)) for scope in (EVERYTHING, scope_of(run.plan.rule)))
        return tuple(
            StormNow(scope, storm.since, storm.until, storm.episodes, storm.evidence is run)
            for scope, storm in found if storm is not None
        )  # fmt: skip

    # -- single facts

    def _locked_by(self, scopes: Scopes) -> tuple[tuple[str, str], ...]:
        locks = self._locks
        if not locks:
            return ()
        found = []
        for target, above in scopes.above.items():
            found += [(place, str(locks[place].number)) for place in above if place in locks]
            if below := self._locked_below.get(target):
                found += [(place, str(locks[place].number)) for place in sorted(below)]
        return tuple(found)

    def _is_locked(self, scopes: Scopes) -> bool:
        for target, above in scopes.above.items():
            for place in above:
                if place in self._locks:
                    return True
            if self._locked_below.get(target):
                return True
        return False

    def _last_changes(self, scopes: Scopes) -> tuple[Changed, ...]:
        changed = self._changed
        found: list[Changed] = []
        for target, above in scopes.above.items():
            found += [changed[place] for place in above if place in changed]
            if below := self._changed_below.get(target):
                found += [changed[place] for place in sorted(below)]
        return tuple(found)

    def _nth_at(self, scope: str, limit: Throttle) -> int | None:
        spent = self._spent.get(scope)
        return spent[0] if spent is not None and len(spent) == limit.max else None

    def _changed_since(self, scopes: Scopes, since: int) -> bool:
        changed = self._changed
        for target, above in scopes.above.items():
            for place in above:
                change = changed.get(place)
                if change is not None and change.at > since:
                    return True
            if any(changed[place].at > since for place in self._changed_below.get(target, ())):
                return True
        return False

    def _taken_at(self, scope: str, limit: Throttle, targets: tuple[str, ...]) -> int | None:
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
