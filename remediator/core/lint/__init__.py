"""Lint: what a rule file may say, and better should not. Pure; one function a check.

``CHECKS`` are the checks by their stable names; ``run`` runs some of them. What makes a file
unusable is no lint: the loader refuses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from remediator.core.lint import acting, approving, guides, matching, targets, verifying
from remediator.core.lint.subject import Check, Finding, GuideAt, RuleAt, Site, Subject

__all__ = ["CHECKS", "ELSEWHERE", "Check", "Finding", "GuideAt", "RuleAt", "Site", "Subject", "names", "run"]

_ALL = (
    Check(
        "shadowed-rule", "No alert reaches the rule: those above it take them all.",
        "The first rule that matches an alert takes it. A rule below one that takes everything never does anything, "
        "and nobody notices. Equality and finite alternatives are followed exactly; where regexes match endlessly "
        "many texts, it says that the rule *may be* shadowed.",
        matching.shadowed_rule,
    ),
    Check(
        "unreachable-matcher", "No alert can fulfil the matcher, by itself or beside the others.",
        "All matchers of a rule must hold, so the rule never matches. Most often one label stands in two matchers "
        "that were meant as alternatives: write one regex.",
        matching.unreachable_matcher,
    ),
    Check(
        "regex-as-equality", "A regex matches one text only.",
        "Equality says the same, is found by an index, and needs no escapes.",
        matching.regex_as_equality,
    ),
    Check(
        "no-scope-matcher", "A rule of a shared pack has no matcher beside `alertname`.",
        "Whoever includes the pack hands it the alerts of all teams and clusters. It is looked for in files with "
        "`pack:`, and with `--shared` in all.",
        matching.no_scope_matcher,
    ),
    Check(
        "unused-guide", "No rule names the guide.",
        "It is never run; perhaps a rule was meant to. A pack that offers guides to others says so in a comment.",
        guides.unused_guide,
    ),
    Check(
        "unused-parameter", "Nothing in the guide asks for the parameter.",
        "Whatever a rule hands over for it changes nothing, though it looks as if it did.",
        guides.unused_parameter,
    ),
    Check(
        "auto-without-verify", "A rule changes things by itself, and its guide has no `verify`.",
        "Such runs end `unverified`: nobody learns whether it helped, and no next remedy is tried.",
        acting.auto_without_verify,
    ),
    Check(
        "auto-without-cooldown", "A rule changes things by itself without a `cooldown`.",
        "When the alert comes back before the change has had its effect, it is done again.",
        acting.auto_without_cooldown,
    ),
    Check(
        "weak-verify", "The verification proves nothing.",
        "An alert that is over, a query that always holds or that holds when its series are gone, a limit that nothing "
        "measured can exceed, or the remedy's own program say nothing about whether the service works again. A "
        "condition that ends in `or vector(0)` is told also among others that count: absent is not zero.",
        verifying.weak_verify,
    ),
    Check(
        "impossible-approval", "A rule asks for an approval that nobody can give.",
        "Its runs end in a call for people. Looked for with `--config.file`: the policy may want more persons than it "
        "names, or several of its entries may name different ones; with `--web.config.file` it is also seen who of "
        "them can log in.",
        approving.impossible_approval,
    ),
    Check(
        "outside-envelope", "The rule's target can never be among `allow.targets`, or its action in `policy.actions`.",
        "Every run of it would be refused. Looked for with `--config.file`; what is known of the target before there "
        "is an alert (literals, parameters, labels that a matcher fixes) is compared with the patterns.",
        targets.outside_envelope,
    ),
    Check(
        "missing-runbook-url", "The rule has no `runbook_url`.",
        "Who is called should learn where to read on, even when the alert's annotations don't say.",
        acting.missing_runbook_url,
    ),
    Check(
        "retries-of-non-idempotent", "`attempts` on a step that must not be repeated.",
        "It is tried once, whatever stands there: to do it twice is not the same as to do it once.",
        acting.retries_of_non_idempotent,
    ),
    Check(
        "target-not-unique", "What is changed depends on a label that the target does not mention.",
        "Locks, cooldowns and breakers are kept by target. Two alerts that differ only in that label wait for each "
        "other, or count as one.",
        targets.target_not_unique,
    ),
)  # fmt: skip

CHECKS: dict[str, Check] = {check.name: check for check in _ALL}

ELSEWHERE = {
    "matcher-grammar": "Alertmanager's two grammars of matchers read this differently, or only the older one can.",
    "disable-without-reason": "A comment switches a check off and does not say why.",
    "unknown-check": "A comment names a check that does not exist.",
    "unknown-alert": "No alerting rule of Prometheus has the name that a rule matches (`--prometheus`).",
    "unknown-label": "Alerts of that name never carry a label that a rule matches or uses (`--prometheus`).",
    "promql-error": "Prometheus cannot read a query (`--prometheus`).",
    "promql-empty": "A query returns nothing at this moment (`--prometheus`).",
}
"""Names of what is found while files are read, in comments, or at a Prometheus."""


def names() -> tuple[str, ...]:
    """Return every name that a comment or ``--lint`` may give."""
    return (*CHECKS, *ELSEWHERE)


def run(subject: Subject, wanted: Iterable[str] | None = None) -> Iterator[tuple[str, Finding]]:
    """Yield the name and the finding of every check, or of those that are wanted."""
    chosen = set(CHECKS if wanted is None else wanted)
    for check in _ALL:
        if check.name in chosen:
            for finding in check.run(subject):
                yield check.name, finding
