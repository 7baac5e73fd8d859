"""Replay history against a rule table: notifications become episodes, as ``engine.admit`` has them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from msgspec.structs import replace

from remediator.core.alert import Alert
from remediator.core.durations import SECOND
from remediator.core.fingerprints import fingerprint_apart
from remediator.engine.admit import CHUNK, FORGOTTEN
from remediator.engine.work import Site
from remediator.rehearsal.backtest.decisions import Decisions
from remediator.rehearsal.backtest.ledger import Ledger
from remediator.rehearsal.backtest.passing import Episode, Passing
from remediator.rehearsal.backtest.runs import Runs
from remediator.rehearsal.backtest.tally import Tally
from remediator.store.storms import EVERYTHING

EPISODES_KEPT = 200_000  #: fingerprints whose last episode is remembered, before closed ones are forgotten


class Replay:
    """One rule table and one site, fed with history in the order of time. Times are microseconds since 1970."""

    def __init__(self, site: Site, tally: Tally, *, takes: int = 0) -> None:
        self._site, self._tally = site, tally
        self.opened: list[tuple[str, ...]] = []  #: by episode that the last notification opened: the rules that took it
        self._ledger = Ledger(site)
        self._runs = Runs(site, self._ledger, tally, takes=takes)
        self._decisions = Decisions(site, self._ledger, self._runs, tally)
        self._episodes: dict[str, Episode] = {}
        self._openings: dict[str, deque[int]] = {}
        self._inhibitors = any(rule.text.inhibited_by for rule in site.table.rules)

    def post(self, at: int, alerts: Sequence[Alert]) -> None:
        """Take a notification in, after all that falls due until then."""
        self._runs.advance(at)
        self.opened.clear()
        for start in range(0, len(alerts), CHUNK):
            woken: list[Passing] = []
            for alert in alerts[start : start + CHUNK]:
                self._admit(alert, woken, at)
            self._runs.wake(woken)
            self._runs.advance(at)

    def finish(self, at: int) -> None:
        """End the replay: what is not over then is counted as open."""
        self._runs.advance(at)

    def _named(self, given: Alert) -> Alert:
        """Return the alert under its own name, as ``engine.admit`` has it: labels may share a fingerprint."""
        last = self._episodes.get(given.fingerprint)
        if last is None or last.labels == given.labels:
            return given
        return replace(given, fingerprint=fingerprint_apart(given.fingerprint, given.labels))

    def _admit(self, given: Alert, woken: list[Passing], now: int) -> None:
        alert = self._named(given)
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
            self._decisions.decide(alert, episode, self._decisions.cases_of(alert), again, now)

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
        cases = self._decisions.cases_of(alert)
        episode = Episode(now, alert.labels)
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
            self._ledger.storms.came(EVERYTHING, storm.max + 1, now)
        if self._inhibitors:
            self._ledger.firing.setdefault(alert.name, {})[alert.fingerprint] = alert.labels
        self.opened.append(tuple(case.rule for case in cases))
        self._tally.opened(now, matched=bool(cases))
        self._decisions.decide(alert, episode, cases, None, now)

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
            woken += self._ledger.waiting.held_on(f"dependency:{alert.name}", 1000)

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
