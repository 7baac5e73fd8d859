"""Checks of targets: whether the site allows them, and whether they tell alerts apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from remediator.core.guards import Envelope, place_matches
from remediator.core.lint.acting import acts, mode_of
from remediator.core.lint.names import labels_in, pinned, step_names, written
from remediator.core.lint.subject import Finding, GuideAt, Subject
from remediator.core.plan import coerce
from remediator.core.policy import forbids_action
from remediator.core.rules import Rule
from remediator.core.templates import compile_template, is_templated
from remediator.core.transitions import Mode, stricter
from remediator.errors import RenderError

_HOLE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
ANY = "\x01"  #: stands for what is not known before there is an alert; no target can hold it
_NOT_DISTINGUISHING = frozenset({"severity", "alertname"})


def outside_envelope(subject: Subject) -> Iterator[Finding]:
    """Find rules whose target, or whose action, can never be among those that the site allows."""
    site = subject.site
    if site is None:
        return
    for each in subject.rules:
        if stricter(each.rule.text.mode, site.max_mode) is Mode.OBSERVE or not acts(each.rule, Mode.ASK, Mode.AUTO):
            continue
        segments = known_segments(each.rule)
        reason = _refusal(segments, site.envelope)
        if reason:
            shown = "/".join(segments).replace(ANY, "*")
            message = f"the rule acts on {shown}, which {reason}"
            yield Finding(each.file, (*each.path, "guide"), message, "every run of it would be refused")
            continue
        for remedy in each.rule.guide.remedies:
            steps = (step for step in remedy.steps if step.changes and mode_of(each.rule, remedy) is not Mode.OBSERVE)
            refused = next((why for step in steps if (why := forbids_action(site.envelope.policy, step.action))), "")
            if refused:
                message = f'its remedy "{remedy.name}" can never be done: {refused}'
                yield Finding(each.file, (*each.path, "guide"), message, "see policy.actions, or take the remedy out")


def known_segments(rule: Rule) -> list[str]:
    """Return the segments of a rule's target as far as they are known; ``ANY`` stands for the rest."""
    return [_known(segment, rule) for segment in rule.guide.segments]


def _known(segment: str, rule: Rule) -> str:
    """Return a target's segment with all that is the same for every alert of the rule filled in."""
    if not is_templated(segment):
        return segment
    labels = pinned(rule)
    params = {}
    for name, declared in rule.guide.text.parameters.items():
        value = written(rule, name)
        try:
            if isinstance(value, str) and is_templated(value):
                value = compile_template(value).render({"labels": labels, "rule": rule.name, "guide": rule.guide.name})
            if value is not None:
                params[name] = coerce(name, declared, value)
        except RenderError:
            continue
    try:
        return str(compile_template(segment).render({"labels": labels, "params": params}))
    except RenderError:
        return _HOLE.sub(ANY, segment)


def _refusal(segments: list[str], envelope: Envelope) -> str:
    for pattern in envelope.protected:
        if place_matches(pattern, "/".join(segments)):
            return f"is protected by {pattern}"
    if not any(_may_match(pattern.split("/"), segments) for pattern in envelope.targets):
        return "no pattern of allow.targets can match"
    return ""


def _may_match(pattern: list[str], segments: list[str]) -> bool:
    if pattern[-1] == "**":
        pattern = pattern[:-1]
        if len(segments) <= len(pattern):
            return False
        segments = segments[: len(pattern)]
    return len(pattern) == len(segments) and all(
        _meet(wanted, have.replace(ANY, "*")) for wanted, have in zip(pattern, segments, strict=True)
    )


@lru_cache(maxsize=4096)
def _meet(left: str, right: str) -> bool:
    """Whether any text matches both patterns; ``*`` stands for any characters."""
    reached = {(0, 0)}
    ahead = [(0, 0)]
    while ahead:
        a, b = ahead.pop()
        if a == len(left) and b == len(right):
            return True
        x, y = left[a : a + 1], right[b : b + 1]
        moves = []
        if x == "*":
            moves += [(a + 1, b), *([(a, b + 1)] if y else [])]
        if y == "*":
            moves += [(a, b + 1), *([(a + 1, b)] if x else [])]
        if x and x == y:
            moves.append((a + 1, b + 1))
        for move in moves:
            if move not in reached:
                reached.add(move)
                ahead.append(move)
    return False


def target_not_unique(subject: Subject) -> Iterator[Finding]:
    """Find guides that change things which their target does not tell apart."""
    for each in subject.guides:
        missing = _missing(each, subject)
        if missing:
            labels = ", ".join(f"labels.{label}" for label in sorted(missing))
            message = f"what is changed depends on {labels}, but the target does not"
            hint = "alerts that differ only there share one lock, cooldown and breaker; let the target mention it"
            yield Finding(each.file, (*each.path, "target"), message, hint)


def _missing(each: GuideAt, subject: Subject) -> frozenset[str]:
    changing = [step for remedy in each.guide.remedies for step in remedy.steps if step.changes]
    used = frozenset(name for step in changing for name in step_names(step, subject.find))
    target = frozenset(name for segment in each.guide.segments for name in compile_template(segment).names)
    for user in subject.by_guide.get(each.guide.name, ()):
        known = labels_in(target, user.rule) | pinned(user.rule).keys() | _NOT_DISTINGUISHING
        missing = labels_in(used, user.rule) - known
        if missing and "*" not in known:
            return frozenset(missing)
    return frozenset()
