"""What no test has reached: rules, remedies, and the guards that a rule has asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from remediator.core.records import Phase
from remediator.core.rules import Rule
from remediator.core.transitions import Mode, Status
from remediator.rehearsal.history import Story
from remediator.rehearsal.tell import Outcome


def missed(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """Return a line for everything that was never reached, and the count of what was."""
    rules: dict[tuple[int, str], Rule] = {}
    stories: dict[tuple[int, str], list[Story]] = {}
    for outcome in outcomes:
        table = outcome.file.table
        rules |= {(id(table), rule.name): rule for rule in table.rules}
        for story in outcome.played.stories:
            stories.setdefault((id(table), story.rule), []).append(story)
    lines: list[str] = []
    reached = 0
    for key, rule in rules.items():
        found = list(_of_rule(rule, stories.get(key, [])))
        reached += not found
        lines += found
    return (*lines, f"coverage: {reached} of {len(rules)} rules in full")


def _of_rule(rule: Rule, stories: Sequence[Story]) -> Iterator[str]:
    name = f"rule {rule.name}"
    if not stories:
        yield f"{name}: matches no alert of any test"
        return
    entries = [entry for story in stories if story.view for entry in story.view.journal]
    tried = {entry.remedy for entry in entries if entry.phase in (Phase.ACT, Phase.PREVIEW)}
    for remedy in rule.guide.remedies:
        if remedy.name not in tried:
            yield f'{name}: the remedy "{remedy.name}" is never tried in any test'
    guards = {moment.held_by for story in stories for moment in story.holds} | {story.refused_by for story in stories}
    for guard in _guards(rule):
        if guard not in guards:
            yield f"{name}: never {'refused as' if guard == 'stale' else 'held by'} {guard} in any test"
    yield from _of_people(rule, stories)
    verdicts = {(entry.output or {}).get("verdict") for entry in entries if entry.phase is Phase.VERIFY}
    if rule.guide.verify and rule.guide.remedies and rule.text.mode is not Mode.OBSERVE:
        yield from (
            f"{name}: its verification never {words} in any test"
            for verdict, words in (("holds", "holds"), ("failed", "fails"))
            if verdict not in verdicts
        )


def _of_people(rule: Rule, stories: Sequence[Story]) -> Iterator[str]:
    """Yield what people never answered to a rule that asks."""
    asking = any(remedy.mode is Mode.ASK for remedy in rule.guide.remedies)
    if not (rule.text.mode is Mode.ASK or (rule.text.mode is Mode.AUTO and asking)):
        return
    views = [story.view for story in stories if story.view]
    if not any(view.approved_by for view in views):
        yield f"rule {rule.name}: never approved in any test"
    if not any(view.status in (Status.REFUSED, Status.EXPIRED) for view in views):
        yield f"rule {rule.name}: never refused by a person, nor left without an answer, in any test"


def _guards(rule: Rule) -> Iterator[str]:
    """Yield the guards that the rule itself asks for."""
    if rule.text.for_:
        yield "for"
    if rule.text.max_age:
        yield "stale"
    if rule.text.active_time_intervals or rule.text.mute_time_intervals:
        yield "window"
    if rule.text.limits.cooldown:
        yield "cooldown"
    if rule.text.limits.throttle:
        yield "throttle"
    if rule.text.limits.budget:
        yield "budget"
    if rule.text.limits.storm:
        yield "storm"
    if rule.text.inhibited_by:
        yield "dependency"
