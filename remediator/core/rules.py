"""The rule table: which rules an alert meets, in order, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import merge

from msgspec import Struct, field

from remediator.core.guide import GuideText, RuleText
from remediator.core.intervals import TimeInterval
from remediator.core.limits import Inhibition, Repeats, RuleLimits, Share, Storm, Throttle
from remediator.core.matchers import Matcher, MatchOp
from remediator.core.records import RemedyPlan, StepPlan, VerifyPlan


class Chosen(Struct, frozen=True):
    """A connection that an alert chooses: its name is a template, and only configured ones may come of it."""

    step: str  #: the first step that says so
    system: str
    template: str
    allowed: frozenset[str]  #: the names under ``connections.<system>``


class Guide(Struct, frozen=True):
    """A guide made ready: its steps are plans, its target is split into segments."""

    name: str
    text: GuideText
    segments: tuple[str, ...]  #: of the target, each a template
    diagnose: tuple[StepPlan, ...]
    remedies: tuple[RemedyPlan, ...]
    verify: VerifyPlan | None
    chosen: tuple[Chosen, ...] = ()  #: checked when a run is planned; filled in where the configuration is known


class Rule(Struct, frozen=True):
    """A rule made ready: its matchers are parsed, its guide is found."""

    name: str
    text: RuleText
    matchers: tuple[Matcher, ...]
    guide: Guide
    file: str = ""
    limits: RuleLimits | None = None  #: what only some rules have

    @property
    def alertnames(self) -> tuple[str, ...]:
        """The one alertname it can match, when a matcher says so by equality."""
        names = (m.value for m in self.matchers if m.name == "alertname" and m.op is MatchOp.EQUAL and m.value)
        return tuple(dict.fromkeys(names))[:1]


def limits_of(text: RuleText) -> RuleLimits | None:
    """Return the limits that only some rules have; None when this one has none of them."""
    written = text.limits
    storm, repeats, budget = written.storm, written.repeats, written.budget
    made = RuleLimits(
        budget=Throttle(budget.max, budget.per) if budget else None,
        share=Share(written.share.percent, written.share.of, written.share.per) if written.share else None,
        storm=Storm(storm.max, storm.per, storm.calm, storm.resume) if storm else None,
        repeats=Repeats(repeats.max, repeats.per, repeats.then) if repeats else None,
        inhibited_by=tuple(Inhibition(each.source_matchers, each.equal) for each in text.inhibited_by),
        active=text.active_time_intervals,
        mute=text.mute_time_intervals,
        loop_guard=written.loop_guard,
    )
    return None if made == RuleLimits() else made


class RuleTable(Struct, frozen=True):
    """All rules in their order. ``matching`` costs no work for rules about other alertnames."""

    rules: tuple[Rule, ...] = ()
    revision: str = ""  #: digest of the files that it was read from
    intervals: Mapping[str, tuple[TimeInterval, ...]] = field(default_factory=dict)  #: time intervals by name
    _by_alertname: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    _others: tuple[int, ...] = ()
    _by_name: Mapping[str, Rule] = field(default_factory=dict)

    @classmethod
    def of(
        cls, rules: tuple[Rule, ...], revision: str = "",
        intervals: Mapping[str, tuple[TimeInterval, ...]] | None = None,
    ) -> RuleTable:  # fmt: skip
        """Index these rules."""
        by_alertname: dict[str, list[int]] = {}
        others: list[int] = []
        for position, rule in enumerate(rules):
            if rule.alertnames:
                by_alertname.setdefault(rule.alertnames[0], []).append(position)
            else:
                others.append(position)
        frozen = {name: tuple(positions) for name, positions in by_alertname.items()}
        return cls(rules, revision, intervals or {}, frozen, tuple(others), {rule.name: rule for rule in rules})

    def matching(self, labels: Mapping[str, str]) -> Iterator[Rule]:
        """Yield the rules that an alert with these labels meets: the first, and those after a ``continue``."""
        for position in merge(self._by_alertname.get(labels.get("alertname", ""), ()), self._others):
            rule = self.rules[position]
            if all(matcher.matches(labels) for matcher in rule.matchers):
                yield rule
                if not rule.text.continue_:
                    return

    def rule(self, name: str) -> Rule | None:
        """Return the rule of this name as it is now, or None when it is gone."""
        return self._by_name.get(name)
