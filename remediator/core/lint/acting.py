"""Checks of rules that may change something."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from remediator.core.lint.subject import Finding, RuleAt, Subject
from remediator.core.records import RemedyPlan
from remediator.core.rules import Rule
from remediator.core.transitions import Mode, stricter


def acts(rule: Rule, *modes: Mode) -> bool:
    """Whether the rule has a remedy that changes something in one of these modes."""
    return any(
        mode_of(rule, remedy) in modes and any(step.changes for step in remedy.steps) for remedy in rule.guide.remedies
    )


def mode_of(rule: Rule, remedy: RemedyPlan) -> Mode:
    """Return the mode of one of a rule's remedies."""
    return stricter(rule.text.mode, remedy.mode)


def written_mode(each: RuleAt) -> tuple[str | int, ...]:
    """Return the place of its mode, or of its name when the mode is the file's."""
    return (*each.path, "mode" if "mode" in each.rule.text.model_fields_set else "name")


def auto_without_verify(subject: Subject) -> Iterator[Finding]:
    """Find rules that change things by themselves and never look whether it helped."""
    for each in subject.rules:
        if acts(each.rule, Mode.AUTO) and each.rule.guide.verify is None:
            message = f'the rule acts by itself, but its guide "{each.rule.guide.name}" has no verify'
            yield Finding(
                each.file, written_mode(each), message, "say under verify what holds when it helped, or set mode: ask"
            )


def auto_without_cooldown(subject: Subject) -> Iterator[Finding]:
    """Find rules that change things by themselves, again and again."""
    for each in subject.rules:
        if acts(each.rule, Mode.AUTO) and not each.rule.text.limits.cooldown:
            message = "the rule acts by itself, and nothing keeps it from acting on the target again at once"
            yield Finding(
                each.file, written_mode(each), message, "set limits: {cooldown: 15m}, or as long as an effect takes"
            )


def missing_runbook_url(subject: Subject) -> Iterator[Finding]:
    """Find rules whose reports lead nowhere."""
    for each in subject.rules:
        if not each.rule.text.runbook_url:
            message = f'the rule "{each.rule.name}" has no runbook_url: who is called does not learn where to read on'
            hint = "set runbook_url, for one rule or under the file's defaults"
            yield Finding(each.file, (*each.path, "name"), message, hint)


def retries_of_non_idempotent(subject: Subject) -> Iterator[Finding]:
    """Find attempts that are asked for where a step cannot safely be repeated."""
    for each in subject.guides:
        for at, remedy in enumerate(each.guide.text.remedies):
            for index, step in enumerate(remedy.steps):
                action = subject.find(step.action)
                asked = "attempts" in step.model_fields_set and step.attempts > 1
                # Where the site's configuration decides, only the daemon knows.
                if not asked or action is None or not action.changes or action.repeatable is not None:
                    continue
                try:
                    idempotent = action.idempotent(action.parameters.model_validate(step.args))
                except ValidationError:
                    continue  # a template stands where its type is not known yet
                if not idempotent:
                    place = (*each.path, "remedies", at, "steps", index, "attempts")
                    message = f"{step.action} cannot safely be repeated here: it is tried once, whatever stands here"
                    yield Finding(
                        each.file, place, message, "take it out, or make the request one that may be repeated"
                    )
