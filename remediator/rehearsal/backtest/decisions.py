"""What is decided about an alert, as ``engine.admit`` decides it: refused, joined to a run, or a run of its own."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from remediator.core.alert import Alert
from remediator.core.durations import SECOND
from remediator.core.plan import Refusal
from remediator.core.records import Plan
from remediator.core.transitions import Mode, stricter
from remediator.engine.admit import propose
from remediator.engine.allowed import forbidden_beforehand
from remediator.engine.forward import asks_of, binding_mode
from remediator.engine.work import Site
from remediator.rehearsal.backtest.ledger import Ledger
from remediator.rehearsal.backtest.passing import Episode, Passing
from remediator.rehearsal.backtest.runs import Runs
from remediator.rehearsal.backtest.scopes import Scopes
from remediator.rehearsal.backtest.tally import Tally
from remediator.store.storms import EVERYTHING, scope_of

CASES_KEPT = 50_000  #: fingerprints whose plans are remembered


class Case(Struct, frozen=True):
    """What a rule wants done about a fingerprint."""

    rule: str
    made: Plan | Refusal
    same: str
    scopes: Scopes | None
    first: Mode  #: of the remedy that would be tried first
    forbidden: str = ""  #: why the policy never lets that one be done


class Decisions:
    """Decides for each rule that matches. Plans are made once for all alerts of a fingerprint."""

    def __init__(self, site: Site, ledger: Ledger, runs: Runs, tally: Tally) -> None:
        self._site, self._ledger, self._runs, self._tally = site, ledger, runs, tally
        self._cases: dict[
            str, tuple[Mapping[str, str], tuple[Case, ...]]
        ] = {}  # by fingerprint: labels, and what is made of them
        self._number = 0
        self._varying = frozenset(
            rule.name for rule in site.table.rules if _asks_for_more_than_labels(repr((rule.text, rule.guide.text)))
        )

    def cases_of(self, alert: Alert) -> tuple[Case, ...]:
        """Return what the rules want done about an alert, in their order."""
        known = self._cases.get(alert.fingerprint)
        if known is not None and known[0] == alert.labels:  # a sender may give one to different labels
            return known[1]
        cases = tuple(self._case(one.rule, one.made, one.same) for one in propose(self._site.table, alert))
        if self._varying.isdisjoint(case.rule for case in cases):
            if len(self._cases) >= CASES_KEPT:
                self._cases.clear()
            self._cases[alert.fingerprint] = (alert.labels, cases)
        return cases

    def _case(self, rule: str, made: Plan | Refusal, same: str) -> Case:
        if isinstance(made, Refusal):
            return Case(rule, made, same, None, Mode.OBSERVE)
        first = made.remedies[0] if made.remedies else None
        asked = first is not None and first.name in asks_of(made, self._site)
        mode = Mode.OBSERVE if first is None else stricter(first.mode, Mode.ASK if asked else Mode.AUTO)
        forbidden = "" if first is None else forbidden_beforehand(made, first, self._site.envelope.policy)
        return Case(rule, made, same, Scopes(made, self._site), mode, forbidden)

    def decide(self, alert: Alert, episode: Episode, cases: tuple[Case, ...], again: set[str] | None, now: int) -> None:
        """Decide on each case, or on those that are decided ``again``. The first that is not refused may act."""
        acts = True
        for case in cases:
            if again is not None and case.rule not in again:
                acts = False
                continue
            if isinstance(case.made, Refusal):
                self._refuse(episode, case, case.made.guard, case.made.reason, now, again)
            else:
                self._decide_one(alert, episode, case, case.made, now, again, acts=acts)
                acts = False

    def _decide_one(
        self, alert: Alert, episode: Episode, case: Case, plan: Plan, now: int, again: set[str] | None, *, acts: bool
    ) -> None:
        rule = self._site.table.rule(case.rule)
        oldest = rule.text.max_age if rule else 0.0
        if oldest and now - alert.starts_at > int(oldest * SECOND):
            self._refuse(episode, case, "stale", "it began longer ago than max_age", now, again)
            return
        same = (case.same, acts)
        for other in self._runs.joinable(same):
            if not other.resolved:
                other.episodes.append(episode)
                episode.runs[case.rule] = other
                self._came(case.rule, now, again)
                self._tally.joined(case.rule, now)
                return
        if plan.starts_at != alert.starts_at:  # it was made for an earlier alert with these labels
            plan = replace(plan, starts_at=alert.starts_at)
        mode, why = binding_mode(plan, self._site, may_act=acts, created_at=now)
        self._number += 1
        assert case.scopes is not None  # noqa: S101 -- a plan has some
        run = Passing(self._number, plan, case.scopes, same, stricter(mode, case.first), alert.starts_at, now)
        run.lowered = "" if mode is plan.mode else why
        run.forbidden = case.forbidden
        run.episodes.append(episode)
        episode.runs[case.rule] = run
        self._runs.add(run)
        self._tally.begun(run, again=again is not None)
        self._count_for_storms(run, now)
        self._runs.move(run, now)
        self._came(case.rule, now, again)

    def _refuse(self, episode: Episode, case: Case, guard: str, reason: str, now: int, again: set[str] | None) -> None:
        episode.runs[case.rule] = None
        self._came(case.rule, now, again)
        self._tally.refused(case.rule, guard, reason, now, again=again is not None)

    def _came(self, rule: str, now: int, again: set[str] | None) -> None:
        """Count a decision for the storm that its rule can have; after the run was judged, as its row is written."""
        found = self._site.table.rule(rule)
        if again is None and found is not None and found.text.limits.storm is not None:
            self._ledger.storms.came(scope_of(rule), found.text.limits.storm.max, now)

    def _count_for_storms(self, run: Passing, now: int) -> None:
        limits, everything = run.plan.limits, self._site.limits.storm
        if limits is not None and limits.storm is not None:
            self._ledger.storms.count(scope_of(run.plan.rule), limits.storm, run, now)
        if everything is not None:
            self._ledger.storms.count(EVERYTHING, everything, run, now)


def _asks_for_more_than_labels(written: str) -> bool:
    """Whether two alerts of one fingerprint could lead to different plans."""
    return "annotations" in written or "starts_at" in written
