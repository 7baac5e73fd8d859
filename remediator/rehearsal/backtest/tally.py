"""What a replay counts, rule by rule."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct, field

from remediator.core.durations import SECOND
from remediator.core.transitions import Mode
from remediator.rehearsal.backtest.passing import Passing

HOUR = 3600 * SECOND


class RuleTally(Struct):
    """What came of one rule. A run may be held by several guards; each counts once for each time it did."""

    rule: str
    episodes: int = 0
    joined: int = 0  #: episodes that an equal run dealt with already
    runs: int = 0  #: let through to act
    at_once: int = 0  #: of these, without having been held
    depends: int = 0  #: would run or ask, if its diagnosis meets the condition of a remedy
    remedies: tuple[str, ...] = ()  #: those that the diagnosis chooses from
    asked: Counter[str] = field(default_factory=Counter)  #: would ask a person, by what makes it so
    observed: Counter[str] = field(default_factory=Counter)  #: would only look, by what makes it so
    held: Counter[str] = field(default_factory=Counter)  #: by guard
    given_up: Counter[str] = field(default_factory=Counter)  #: held too long, people called: by guard
    refused: Counter[str] = field(default_factory=Counter)  #: by guard
    reasons: dict[str, str] = field(default_factory=dict)  #: one refusal of each guard, in its words
    cancelled: int = 0  #: the alert resolved before it could act
    targets: Counter[str] = field(default_factory=Counter)  #: that it would touch: how often
    hours: Counter[int] = field(default_factory=Counter)  #: runs by hour, counted from 1970
    came: Counter[int] = field(default_factory=Counter)  #: episodes by hour


class Tally:
    """Counts for all rules; the rules of the table that nothing matches stand there with zeros."""

    def __init__(self, rules: tuple[str, ...], *, trace: bool = False) -> None:
        self.rules = {name: RuleTally(name) for name in rules}
        self.episodes = 0
        self.unmatched = 0
        self.open = 0
        self.hours: Counter[int] = Counter()  #: episodes by hour
        self.overlaps: Counter[tuple[str, str]] = Counter()  #: by rules: runs on a target that the other touched
        self._last: dict[str, str] = {}  #: the rule that touched a target last
        self.trace: list[Passing] | None = [] if trace else None
        self.refusals: list[tuple[int, str, str]] = []  #: (at, rule, guard), with ``trace`` only

    def opened(self, now: int, *, matched: bool) -> None:
        """An episode began."""
        self.episodes += 1
        self.unmatched += not matched
        self.hours[now // HOUR] += 1

    def begun(self, run: Passing, *, again: bool) -> None:
        """A rule took an episode."""
        self.open += 1
        if not again:
            rule = self.rules[run.plan.rule]
            rule.episodes += 1
            rule.came[run.created_at // HOUR] += 1
        if self.trace is not None:
            self.trace.append(run)

    def joined(self, rule: str, now: int) -> None:
        """An equal run was under way."""
        tally = self.rules[rule]
        tally.episodes += 1
        tally.joined += 1
        tally.came[now // HOUR] += 1

    def refused(self, rule: str, guard: str, reason: str, now: int, *, again: bool) -> None:
        """An episode was refused a run."""
        tally = self.rules[rule]
        tally.refused[guard] += 1
        tally.reasons.setdefault(guard, reason)
        if not again:
            tally.episodes += 1
            tally.came[now // HOUR] += 1
        if self.trace is not None:
            self.refusals.append((now, rule, guard))

    def refused_run(self, run: Passing, guard: str, reason: str) -> None:
        """A run was refused by a guard."""
        tally = self.rules[run.plan.rule]
        tally.refused[guard] += 1
        tally.reasons.setdefault(guard, reason)

    def acted(self, run: Passing, now: int) -> None:
        """A run would act."""
        rule = self.rules[run.plan.rule]
        rule.runs += 1
        _depends(rule, run)
        rule.at_once += not run.guards
        rule.hours[now // HOUR] += 1
        for target in run.plan.locks:
            rule.targets[target] += 1
            before = self._last.get(target)
            if before is not None and before != rule.rule:
                first, second = sorted((before, rule.rule))
                self.overlaps[first, second] += 1
            self._last[target] = rule.rule

    def held(self, run: Passing, guard: str, *, first: bool) -> None:  # noqa: ARG002 -- what else could be counted
        """A guard holds a run."""
        self.rules[run.plan.rule].held[guard] += 1

    def given_up(self, run: Passing, guard: str) -> None:
        """A run was held too long."""
        self.rules[run.plan.rule].given_up[guard] += 1

    def lowered(self, run: Passing, mode: Mode) -> None:
        """A run would not act by itself."""
        rule = self.rules[run.plan.rule]
        if mode is Mode.ASK:
            _depends(rule, run)
        (rule.asked if mode is Mode.ASK else rule.observed)[run.lowered or "mode"] += 1

    def ended(self, run: Passing, how: str) -> None:
        """A run is over."""
        self.open -= 1
        if how == "cancelled":
            self.rules[run.plan.rule].cancelled += 1


def _depends(rule: RuleTally, run: Passing) -> None:
    """Count a run of which nobody knows whether it would find something to do: history has no diagnosis."""
    remedies = run.plan.remedies
    if remedies and remedies[0].when is not None:
        rule.depends += 1
        rule.remedies = tuple(remedy.name for remedy in remedies)
