"""Checks of approvals: whether those who would have to give them exist."""

from __future__ import annotations

from collections.abc import Iterator

from remediator.core.lint.acting import mode_of, written_mode
from remediator.core.lint.subject import Finding, Site, Subject
from remediator.core.lint.targets import ANY, known_segments
from remediator.core.policy import ApprovalNeed, Policy, approval_needed
from remediator.core.records import RemedyPlan
from remediator.core.rules import Rule
from remediator.core.transitions import Mode, stricter


def impossible_approval(subject: Subject) -> Iterator[Finding]:
    """Find rules that ask where nobody can answer."""
    site = subject.site
    if site is None or not site.envelope.policy.approvals:
        return
    for each in subject.rules:
        for remedy in each.rule.guide.remedies:
            if stricter(mode_of(each.rule, remedy), site.max_mode) is Mode.OBSERVE:
                continue
            need = _certain_need(each.rule, remedy, site.envelope.policy)
            if need is not None and (reason := _why_nobody(need, site)):
                message = f'nobody can approve the remedy "{remedy.name}": {reason}'
                hint = "see policy.approvals and policy.groups in the daemon's configuration"
                yield Finding(each.file, written_mode(each), message, hint)
                break


def _certain_need(rule: Rule, remedy: RemedyPlan, policy: Policy) -> ApprovalNeed | None:
    """Return who must approve, as far as it is certain before there is an alert."""
    target = known_segments(rule)
    certain = tuple(one for one in policy.approvals if any(_covers(pattern, target) for pattern in one.targets))
    sure = Policy(approvals=tuple(one.__class__(one.actions, ("**",), one.need) for one in certain))
    return approval_needed(sure, [step.action for step in remedy.steps if step.changes], ["any"])


def _covers(pattern: str, segments: list[str]) -> bool:
    """Whether a pattern speaks of the target whatever the unknown parts of it turn out to be."""
    for want, have in zip(pattern.split("/"), segments, strict=False):
        if want == "**":
            return True
        if want != "*" and (ANY in have or "*" in want or want != have):
            return False
    return True


def _why_nobody(need: ApprovalNeed, site: Site) -> str:
    if not need.possible:
        if need.by == {"nobody"}:
            return "several of the site's policies bind it, and nobody is named by all of them"
        return f"{need.persons} persons must, and only {', '.join(sorted(need.by))} may"
    if site.users is None or (not need.by and need.persons <= 1):
        return ""
    if not site.users:
        return "the policy says who may, and nobody has to log in: the web file has no basic_auth_users"
    able = site.users & need.by if need.by else site.users
    if len(able) >= need.persons:
        return ""
    wanted = f"{need.persons} persons" if need.persons > 1 else "one"
    among = f" of {', '.join(sorted(need.by))}" if need.by else ""
    can = f"only {', '.join(sorted(able))}" if able else "nobody"
    return f"{wanted}{among} must, and {can} of them can log in (basic_auth_users of the web file)"
