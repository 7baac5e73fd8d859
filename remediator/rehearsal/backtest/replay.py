"""Replay history against a rule table: episodes, decisions, holds, as ``engine.admit`` and ``engine.claim`` have them.

A run takes ``takes`` microseconds from its claim to its change, plus the ``hold`` of its guide's verification;
then its locks are let go. One that asks waits for an approval that nobody gives.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from remediator.core.alert import Alert
from remediator.core.durations import SECOND
from remediator.core.guards import Facts, Hold, Refuse, judge, judge_envelope, judge_storm
from remediator.core.guards.amounts import ORDER_AGAIN
from remediator.core.plan import Refusal
from remediator.core.records import Plan
from remediator.core.transitions import Mode, stricter
from remediator.engine.admit import CHUNK, FORGOTTEN, propose
from remediator.engine.forward import asks_of, binding_mode
from remediator.engine.work import Site
from remediator.rehearsal.backtest.agenda import Agenda
from remediator.rehearsal.backtest.ledger import Ledger
from remediator.rehearsal.backtest.passing import ACTING, ASKING, HELD, LOOKING, Episode, Passing
from remediator.rehearsal.backtest.scopes import Scopes
from remediator.rehearsal.backtest.tally import Tally
from remediator.store.storms import EVERYTHING, scope_of

NEXT = 2  #: runs that are looked at when one that was held on the same goes on
CASES_KEPT = 50_000  #: fingerprints whose plans are remembered
EPISODES_KEPT = 200_000  #: fingerprints whose last episode is remembered, before closed ones are forgotten


class Case(Struct, frozen=True):
    """What a rule wants done about a fingerprint."""

    rule: str
    made: Plan | Refusal
    same: str
    scopes: Scopes | None
    first: Mode  #: of the remedy that would be tried first


class Replay:
    """One rule table and one site, fed with history in the order of time. Times are microseconds since 1970."""

    def __init__(self, site: Site, tally: Tally, *, takes: int = 0) -> None:
        self._site, self._tally, self._takes = site, tally, takes
        self.now = 0
        self.opened: list[tuple[str, ...]] = []  #: by episode that the last notification opened: the rules that took it
        self._ledger = Ledger(site)
        self._cases: dict[str, tuple[Case, ...]] = {}
        self._episodes: dict[str, Episode] = {}
        self._openings: dict[str, deque[int]] = {}
        self._joinable: dict[tuple[str, bool], list[Passing]] = {}
        self._agenda = Agenda()
        self._number = 0
        self._hold_max = int(site.hold_max * SECOND)
        rules = site.table.rules
        self._inhibitors = any(rule.text.inhibited_by for rule in rules)
        self._varying = frozenset(
            rule.name for rule in rules if _asks_for_more_than_labels(repr((rule.text, rule.guide.text)))
        )

    # -- time

    def advance(self, at: int) -> None:
        """Let time pass until then, that instant included."""
        first = self._agenda.first
        if first is not None and first <= at:
            unchanged, add = self._ledger.unchanged, self._agenda.add
            for now, run in self._agenda.until(at):
                self.now = now
                if not run.open or (run.state == HELD and run.looked_at == now and not run.woken):
                    continue  # it stood there twice
                run.woken, run.looked_at = False, now
                if run.line is not None and not run.resolved and run.ends > now and (until := unchanged(run, now)):
                    run.due = min(run.ends, until)
                    add(run.due, (False, run.plan.priority, run.created_at, run.number, run))
                else:
                    self._look(run, now)
        self.now = max(self.now, at)

    def post(self, at: int, alerts: Sequence[Alert]) -> None:
        """Take a notification in, after all that falls due until then."""
        self.advance(at)
        self.opened.clear()
        for start in range(0, len(alerts), CHUNK):
            woken: list[Passing] = []
            for alert in alerts[start : start + CHUNK]:
                self._admit(alert, woken, at)
            self._wake(woken)
            self.advance(at)

    def finish(self, at: int) -> None:
        """End the replay: what is not over then is counted as open."""
        self.advance(at)
        self._tally.end(at)

    def _later(self, run: Passing, at: int) -> None:
        # What ends at an instant ends after all that is looked at then.
        self._agenda.add(at, (run.state == ACTING, run.plan.priority, run.created_at, run.number, run))

    def _wake(self, runs: Sequence[Passing]) -> None:
        for run in runs:
            if run.open and not run.woken:
                run.woken = True
                self._later(run, self.now)

    # -- episodes, as engine.admit has them

    def _admit(self, alert: Alert, woken: list[Passing], now: int) -> None:
        fingerprint = alert.fingerprint
        episode = self._episodes.get(fingerprint)
        if episode is not None and episode.closed:
            episode = None
        if episode is not None and episode.resolved_at is not None:
            ends = episode.resolved_at + self._grace(episode, fingerprint, now)
            if ends <= now:
                episode.closed = True
                episode = None
        if episode and alert.firing and now - episode.last_seen > FORGOTTEN and alert.starts_at > episode.last_seen:
            self._close(episode, alert)
            episode = None
        if not alert.firing:
            if episode is not None:
                self._resolve(episode, alert, woken, now)
            return
        if episode is None:
            self._open(alert, now)
            return
        again = self._seen_again(episode, woken)
        if episode.resolved_at is not None:
            self._fires_again(episode, alert)
        episode.last_seen = now
        if again:
            self._decide_all(alert, episode, self._cases_of(alert), again, now)

    @staticmethod
    def _seen_again(episode: Episode, woken: list[Passing]) -> set[str]:
        """Wake what is held; return the rules whose run was cancelled, to be decided anew."""
        again: set[str] = set()
        for rule, run in episode.runs.items():
            if run is not None and run.state == "cancelled":
                again.add(rule)
            elif run is not None and run.held_scope and run.open:
                woken.append(run)
        return again

    def _grace(self, episode: Episode, fingerprint: str, now: int) -> int:
        grace, flapping = int(self._site.grace * SECOND), self._site.limits.flapping
        if flapping is None:
            return grace
        if not episode.flapping:
            openings = self._openings[fingerprint]
            if len(openings) <= flapping.max or now - openings[0] >= int(flapping.per * SECOND):
                return grace
            episode.flapping = True
        return max(grace, int(flapping.quiet * SECOND))

    def _open(self, alert: Alert, now: int) -> None:
        cases = self._cases_of(alert)
        episode = Episode(now, len(cases))
        if len(self._episodes) >= EPISODES_KEPT and alert.fingerprint not in self._episodes:
            self._forget(now)
        self._episodes[alert.fingerprint] = episode
        flapping, storm = self._site.limits.flapping, self._site.limits.storm
        if flapping is not None:
            openings = self._openings.get(alert.fingerprint)
            if openings is None:
                openings = self._openings[alert.fingerprint] = deque(maxlen=flapping.max + 1)
            openings.append(now)
        if storm is not None:
            self._ledger.came(EVERYTHING, storm.max + 1, now)
        if self._inhibitors:
            self._ledger.firing.setdefault(alert.name, {})[alert.fingerprint] = alert.labels
        self.opened.append(tuple(case.rule for case in cases))
        self._tally.opened(now, matched=bool(cases))
        self._decide_all(alert, episode, cases, None, now)

    def _forget(self, now: int) -> None:
        """Forget closed troubles that can say nothing any more."""
        flapping = self._site.limits.flapping
        kept = int(max(self._site.grace, flapping.per + flapping.quiet if flapping else 0.0) * SECOND)
        over = [
            name for name, one in self._episodes.items()
            if one.closed or (one.resolved_at is not None and one.resolved_at + kept <= now)
        ]  # fmt: skip
        for name in over:
            del self._episodes[name]
            self._openings.pop(name, None)

    def _resolve(self, episode: Episode, alert: Alert, woken: list[Passing], now: int) -> None:
        if episode.resolved_at is not None:
            return
        episode.resolved_at = episode.last_seen = now
        if self._inhibitors:
            self._ledger.firing.get(alert.name, {}).pop(alert.fingerprint, None)
        for run in episode.runs.values():
            if run is None or not run.open or run.resolved:
                continue
            if all(one.resolved_at is not None or one.closed for one in run.episodes):
                run.resolved = True
                woken.append(run)
        if self._inhibitors:
            woken += self._ledger.held_on(f"dependency:{alert.name}", 1000)

    def _fires_again(self, episode: Episode, alert: Alert) -> None:
        episode.resolved_at = None
        if self._inhibitors:
            self._ledger.firing.setdefault(alert.name, {})[alert.fingerprint] = alert.labels
        for run in episode.runs.values():
            if run is not None and run.open:
                run.resolved = False

    def _close(self, episode: Episode, alert: Alert) -> None:
        episode.closed = True
        if self._inhibitors:
            self._ledger.firing.get(alert.name, {}).pop(alert.fingerprint, None)

    # -- decisions, as engine.admit makes them

    def _cases_of(self, alert: Alert) -> tuple[Case, ...]:
        cases = self._cases.get(alert.fingerprint)
        if cases is None:
            cases = tuple(self._case(one.rule, one.made, one.same) for one in propose(self._site.table, alert))
            if self._varying.isdisjoint(case.rule for case in cases):
                if len(self._cases) >= CASES_KEPT:
                    self._cases.clear()
                self._cases[alert.fingerprint] = cases
        return cases

    def _case(self, rule: str, made: Plan | Refusal, same: str) -> Case:
        if isinstance(made, Refusal):
            return Case(rule, made, same, None, Mode.OBSERVE)
        first = made.remedies[0] if made.remedies else None
        asked = first is not None and first.name in asks_of(made, self._site)
        mode = Mode.OBSERVE if first is None else stricter(first.mode, Mode.ASK if asked else Mode.AUTO)
        return Case(rule, made, same, Scopes(made, self._site), mode)

    def _decide_all(
        self, alert: Alert, episode: Episode, cases: tuple[Case, ...], again: set[str] | None, now: int
    ) -> None:
        acts = True
        for case in cases:
            if again is not None and case.rule not in again:
                acts = False
                continue
            if isinstance(case.made, Refusal):
                self._refuse(episode, case, case.made.guard, case.made.reason, now, again)
            else:
                self._decide(alert, episode, case, case.made, now, again, acts=acts)
                acts = False

    def _refuse(self, episode: Episode, case: Case, guard: str, reason: str, now: int, again: set[str] | None) -> None:
        episode.runs[case.rule] = None
        self._came(case.rule, now, again)
        self._tally.refused(case.rule, guard, reason, now, again=again is not None)

    def _came(self, rule: str, now: int, again: set[str] | None) -> None:
        """Count a decision for the storm that its rule can have; after the run was judged, as its row is written."""
        found = self._site.table.rule(rule)
        if again is None and found is not None and found.text.limits.storm is not None:
            self._ledger.came(scope_of(rule), found.text.limits.storm.max, now)

    def _decide(
        self, alert: Alert, episode: Episode, case: Case, plan: Plan, now: int, again: set[str] | None, *, acts: bool
    ) -> None:
        rule = self._site.table.rule(case.rule)
        oldest = rule.text.max_age if rule else 0.0
        if oldest and now - alert.starts_at > int(oldest * SECOND):
            self._refuse(episode, case, "stale", "it began longer ago than max_age", now, again)
            return
        same = (case.same, acts)
        for other in self._joinable.get(same, ()):
            if not other.resolved:
                other.episodes.append(episode)
                episode.runs[case.rule] = other
                self._came(case.rule, now, again)
                self._tally.joined(case.rule, now)
                return
        if plan.starts_at != alert.starts_at and self._site.limits.stale:
            plan = replace(plan, starts_at=alert.starts_at)
        mode, why = binding_mode(plan, self._site, may_act=acts, created_at=now)
        self._number += 1
        assert case.scopes is not None  # noqa: S101 -- a plan has some
        run = Passing(self._number, plan, case.scopes, same, stricter(mode, case.first), alert.starts_at, now)
        run.lowered = "" if mode is plan.mode else why
        run.episodes.append(episode)
        episode.runs[case.rule] = run
        self._joinable.setdefault(same, []).append(run)
        self._tally.begun(run, again=again is not None)
        self._count_for_storms(run, now)
        self._move(run, now)
        self._came(case.rule, now, again)

    def _count_for_storms(self, run: Passing, now: int) -> None:
        limits, everything = run.plan.limits, self._site.limits.storm
        if limits is not None and limits.storm is not None:
            self._ledger.count(scope_of(run.plan.rule), limits.storm, run, now)
        if everything is not None:
            self._ledger.count(EVERYTHING, everything, run, now)

    # -- runs, as next_move and engine.claim move them

    def _look(self, run: Passing, now: int) -> None:
        """Look at a run: it is due, or something woke it."""
        if run.state == ACTING:
            if now >= run.due:
                self._done(run, now)
        elif run.state == HELD:
            if run.resolved or run.held_by != "order" or now >= run.ends or not self._still_in_line(run, now):
                self._move(run, now)
        elif run.resolved:
            self._end(run, "cancelled", now)
        elif now >= run.due:
            self._end(run, "observed" if run.state == LOOKING else "expired", now)

    def _move(self, run: Passing, now: int) -> None:
        if run.resolved:
            self._end(run, "cancelled", now)
            return
        fires_until = min(run.starts_at, run.created_at) + int(run.plan.wait * SECOND)
        if now < fires_until:
            self._held(run, "for", "", fires_until, now)
        elif run.gate is Mode.AUTO:
            self._judge(run, now)
        else:
            # A storm holds those that would not act, too: people would hear of them one by one.
            storms = Facts(storms=self._ledger.storms_of(run))
            storm = judge_storm(run.plan, storms, self._site.envelope, now) if storms.storms else None
            if isinstance(storm, Hold):
                self._hold(run, storm.guard, storm.scope, storm.until, now)
            else:
                self._without_acting(run, run.gate, now)

    def _still_in_line(self, run: Passing, now: int) -> bool:
        """Whether only the line still holds a run; then nothing changes but when it is looked at again."""
        if not self._ledger.still_in_line(run, now):
            return False
        run.due = min(run.ends, now + ORDER_AGAIN)
        self._later(run, run.due)
        return True

    def _judge(self, run: Passing, now: int) -> None:
        spent = self._ledger.spent(run, now)
        if spent is not None:
            self._hold(run, *spent, now)
            return
        verdict = judge(run.plan, self._ledger.facts(run, now), self._site.envelope, now)
        if verdict is None:
            self._claim(run, now)
        elif isinstance(verdict, Hold):
            self._hold(run, verdict.guard, verdict.scope, verdict.until, now)
        elif isinstance(verdict, Refuse):
            self._refused(run, verdict, now)
        else:
            run.lowered = verdict.guard
            self._without_acting(run, verdict.mode, now)

    def _claim(self, run: Passing, now: int) -> None:
        self._ledger.take(run, now)
        verify = run.plan.verify
        self._next_in_line(run)
        run.state, run.acted_at = ACTING, now + self._takes
        run.due = now + self._takes + (int(verify.hold * SECOND) if verify else 0)
        self._tally.acted(run, now)
        self._later(run, run.due)

    def _next_in_line(self, run: Passing) -> None:
        """A run is not held any more: those that waited longest for the same are looked at."""
        if run.held_scope:
            self._wake([other for other in self._ledger.held_on(run.held_scope, NEXT) if other is not run])
        run.held_by = run.held_scope = ""
        run.line = None

    def _done(self, run: Passing, now: int) -> None:
        self._ledger.changed(run, run.acted_at if run.acted_at is not None else now)
        woken = self._ledger.release(run)
        self._end(run, "acted", now)
        self._wake(woken)

    def _hold(self, run: Passing, guard: str, scope: str, until: int | None, now: int) -> None:
        if run.state != HELD or run.waiting_since is None:
            run.waiting_since, run.ends, run.state = now, now + self._hold_max, HELD
        if now >= run.ends:
            self._tally.given_up(run, guard)
            self._end(run, "escalated", now)
            return
        self._held(run, guard, scope, min(run.ends, until if until is not None else run.ends), now)

    def _held(self, run: Passing, guard: str, scope: str, due: int, now: int) -> None:
        if guard != run.held_by:
            run.guards.append(guard)
            self._tally.held(run, guard, first=len(run.guards) == 1)
        run.held_by, run.due = guard, due
        if scope != run.held_scope:
            run.held_scope = scope
            if scope:
                self._ledger.hold(run)
        self._later(run, max(due, now))

    def _without_acting(self, run: Passing, mode: Mode, now: int) -> None:
        """Observe, or ask and wait."""
        run.held_by = run.held_scope = ""
        run.line = None
        if mode is Mode.ASK:
            if refused := judge_envelope(run.plan, Facts(), self._site.envelope, now):
                assert isinstance(refused, Refuse)  # noqa: S101 -- the envelope does nothing else
                self._refused(run, refused, now)
                return
            run.state, run.due = ASKING, now + int(run.plan.approval_timeout * SECOND)
        else:
            run.state, run.due = LOOKING, now
        self._tally.lowered(run, mode)
        self._later(run, run.due)

    def _refused(self, run: Passing, refused: Refuse, now: int) -> None:
        self._tally.refused_run(run, refused.guard, refused.reason)
        self._end(run, "refused", now)

    def _end(self, run: Passing, how: str, now: int) -> None:
        self._next_in_line(run)
        run.state, run.open = how, False
        run.episodes = []  # nothing has to be looked for in circles
        joinable = self._joinable.get(run.same)
        if joinable is not None:
            if run in joinable:
                joinable.remove(run)
            if not joinable:
                del self._joinable[run.same]
        self._tally.ended(run, how, now)


def _asks_for_more_than_labels(written: str) -> bool:
    """Whether two alerts of one fingerprint could lead to different plans."""
    return "annotations" in written or "starts_at" in written
