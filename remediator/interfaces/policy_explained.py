"""What a rule set may do here at most: its rules under the daemon's mode, envelope, policy and limits, in words."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from msgspec import Struct

from remediator.actions import registry
from remediator.core.durations import show_duration
from remediator.core.policy import ApprovalNeed, approval_needed, forbids_action
from remediator.core.records import RemedyPlan
from remediator.core.rules import Rule, RuleTable
from remediator.core.templates import is_templated
from remediator.core.transitions import Mode, stricter
from remediator.core.unprintable import one_line
from remediator.settings import Settings


class RemedyAtMost(Struct, frozen=True):
    """How far one remedy can go."""

    name: str
    mode: str  #: ``auto``, ``ask``, ``observe`` or ``never``
    why: str
    actions: tuple[str, ...]


class RuleAtMost(Struct, frozen=True):
    """How far one rule can go."""

    rule: str
    file: str
    target: str  #: with * where a value of the alert lands
    allowed_by: tuple[str, ...]  #: patterns of allow.targets that its target can meet
    remedies: tuple[RemedyAtMost, ...]
    limits: tuple[str, ...]


def at_most(table: RuleTable, settings: Settings) -> tuple[RuleAtMost, ...]:
    """Return what each rule may do at most, in the table's order. Pure."""
    return tuple(_rule(rule, settings) for rule in table.rules)


def _rule(rule: Rule, settings: Settings) -> RuleAtMost:
    target = "/".join("*" if is_templated(segment) else segment for segment in rule.guide.segments)
    allowed = tuple(pattern for pattern in settings.allow.targets if can_meet(pattern, target))
    remedies = tuple(_remedy(rule, remedy, target, allowed, settings) for remedy in rule.guide.remedies)
    return RuleAtMost(rule.name, rule.file, target, allowed, remedies, tuple(_limits(rule)))


def _remedy(rule: Rule, remedy: RemedyPlan, target: str, allowed: tuple[str, ...], settings: Settings) -> RemedyAtMost:
    changing = tuple(step.action for step in remedy.steps if step.changes)
    policy = settings.policy.policy()
    if refused := next((said for name in changing if (said := forbids_action(policy, name))), ""):
        return RemedyAtMost(remedy.name, "never", refused, changing)
    if changing and not allowed:
        return RemedyAtMost(remedy.name, "never", f"no pattern of allow.targets meets {target}", changing)
    need = approval_needed(policy, changing, (target,))
    mode = stricter(rule.text.mode, remedy.mode, settings.max_mode, Mode.ASK if need else Mode.AUTO)
    return RemedyAtMost(remedy.name, str(mode), _why(rule, remedy, mode, need, settings), changing)


def _why(rule: Rule, remedy: RemedyPlan, mode: Mode, need: ApprovalNeed | None, settings: Settings) -> str:
    if mode is Mode.ASK and need is not None:
        who = ", ".join(sorted(need.by)) or "anybody who may operate"
        return f"{need.persons} of: {who}" if need.persons > 1 or need.by else who
    reasons = []
    if mode is settings.max_mode and mode is not rule.text.mode:
        reasons.append("max_mode")
    if mode is remedy.mode and mode is not rule.text.mode:
        asked = [step.action for step in remedy.steps if (a := registry.find(step.action)) and a.needs_approval]
        reasons.append(f"{', '.join(asked)} always asks" if asked else "the remedy's own mode")
    return ", ".join(reasons) or "the rule's mode"


def _limits(rule: Rule) -> Iterable[str]:
    text = rule.text.limits
    if text.cooldown:
        yield f"cooldown {show_duration(text.cooldown)}"
    for name in ("throttle", "budget", "storm", "repeats"):
        limit = getattr(text, name)
        if limit is not None:
            yield f"{name} {limit.max} in {show_duration(limit.per)}"
    for name in rule.text.active_time_intervals:
        yield f"only during {name}"
    for name in rule.text.mute_time_intervals:
        yield f"not during {name}"


def can_meet(pattern: str, target: str) -> bool:
    """Whether a pattern of targets and a target with ``*`` for unknown segments can mean the same place."""
    wanted, have = pattern.split("/"), target.split("/")
    if wanted[-1] == "**":
        wanted = wanted[:-1]
        if len(have) <= len(wanted):
            return False
        have = have[: len(wanted)]
    pairs = zip(wanted, have, strict=False)
    return len(wanted) == len(have) and all(part == "*" or fnmatchcase(part, want) for want, part in pairs)


def as_text(rules: Iterable[RuleAtMost], settings: Settings) -> str:
    """Return it for people."""
    bounds = ", ".join(f"{name} {most:g}" for name, most in settings.policy.bounds.items())
    lines = [f"max_mode {settings.max_mode}; " + (f"bounds: {bounds}" if bounds else "no bounds")]
    for rule in rules:
        places = ", ".join(rule.allowed_by) or "nothing in allow.targets"
        lines += ["", f"{rule.rule}  ({rule.file})", f"  target  {rule.target}, allowed by {places}"]
        lines += [f"  {r.mode:<7} {r.name}: {', '.join(r.actions) or 'reads only'} ({r.why})" for r in rule.remedies]
        if not rule.remedies:
            lines.append("  observe only looks")
        if rule.limits:
            lines.append(f"  limits  {'; '.join(rule.limits)}")
    return "\n".join(map(one_line, lines))
