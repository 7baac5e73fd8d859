"""Checks of what rules match: shadowed ones, matchers that cannot match, and how they are written."""

from __future__ import annotations

from collections.abc import Iterator

from remediator.core.lint.label_sets import Alerts, Left, beyond, is_negated, listed
from remediator.core.lint.overlaps import Overlaps
from remediator.core.lint.subject import Finding, RuleAt, Subject
from remediator.core.matchers import Matcher, MatchOp

_NAMED = 3  #: rules that a message names
_WEIGHED = 50  #: rules among which those are sought that are enough
_ENDLESS = ("", "~", "a", "0", "a-b.c/d e", "\n")


def shadowed_rule(subject: Subject) -> Iterator[Finding]:
    """Find rules that no alert reaches, since those above take them all."""
    for each, above in _with_those_above(subject.rules):
        matchers = each.rule.matchers
        if not above or Alerts().narrowed(matchers).left() is Left.NONE:
            continue  # the latter is told of its matchers
        left = beyond(matchers, [other.rule.matchers for other in above])
        if left is Left.SOME:
            continue
        who = _culprits(each, above, left)
        more = ", …" if len(who) > _NAMED else ""
        names = ", ".join(f'"{other.rule.name}"' for other in who[:_NAMED]) + more
        files = "".join(
            f"; {other.rule.name} stands in {other.file}" for other in who[:_NAMED] if other.file != each.file
        )
        together = "together " if len(who) > 1 else ""
        take = "may take" if left is Left.UNKNOWN else "takes" if len(who) == 1 else "take"
        never = "may never be" if left is Left.UNKNOWN else "is never"
        message = f'the rule "{each.rule.name}" {never} reached: {names} above it {together}{take} every alert of it'
        hint = f"put it above, narrow what stands above, or let that go on with continue: true{files}"
        yield Finding(each.file, (*each.path, "name"), message, hint)


def _with_those_above(rules: tuple[RuleAt, ...]) -> Iterator[tuple[RuleAt, list[RuleAt]]]:
    """Yield each rule with those that are tried before it, end the search, and may share an alert with it."""
    above = Overlaps()
    for at, each in enumerate(rules):
        yield each, [rules[position] for position in above.sharing(each.rule.matchers)]
        if not each.rule.text.continue_:
            above.add(at, each.rule.matchers)


def _culprits(each: RuleAt, above: list[RuleAt], left: Left) -> list[RuleAt]:
    """Return the one rule that is enough, or all that have a share in it."""
    for wanted in (Left.NONE, left):
        for other in above:
            if beyond(each.rule.matchers, [other.rule.matchers]) is wanted:
                return [other]
    needed = [
        other for other in above
        if Alerts().narrowed((*each.rule.matchers, *other.rule.matchers)).left() is not Left.NONE
    ][:_WEIGHED]  # fmt: skip
    for other in reversed(needed):
        fewer = [one for one in needed if one is not other]
        if beyond(each.rule.matchers, [one.rule.matchers for one in fewer]) is left:
            needed = fewer
    return needed


def unreachable_matcher(subject: Subject) -> Iterator[Finding]:
    """Find matchers that no alert can fulfil, by themselves or beside those above them."""
    for each in subject.rules:
        so_far = Alerts()
        for path, matcher in each.matchers:
            now = so_far.narrowed([matcher])
            if now.left() is Left.NONE:
                others = [str(other) for _, other in each.matchers if other.name == matcher.name and other != matcher]
                alone = Alerts().narrowed([matcher]).left() is Left.NONE
                message = f"no alert can fulfil {matcher}" + ("" if alone else f" beside {', '.join(others)}")
                yield Finding(each.file, path, message, "all matchers of a rule must hold; an absent label is empty")
                break
            so_far = now


def regex_as_equality(subject: Subject) -> Iterator[Finding]:
    """Find regexes that match one text only."""
    for each in subject.rules:
        for path, matcher in each.matchers:
            values = listed(matcher)
            if matcher.op not in (MatchOp.REGEX, MatchOp.NOT_REGEX) or values is None or len(values) != 1:
                continue
            plain = MatchOp.NOT_EQUAL if is_negated(matcher) else MatchOp.EQUAL
            (value,) = values
            said = f'the regex "{matcher.value}" matches nothing but one text'
            yield Finding(each.file, path, said, f"write {Matcher(matcher.name, plain, value)}")


def no_scope_matcher(subject: Subject) -> Iterator[Finding]:
    """Find rules of shared packs that would take the alerts of everybody."""
    for each in subject.rules:
        if not (each.pack or subject.shared):
            continue
        if not any(matcher.name != "alertname" and _narrows(matcher) for matcher in each.rule.matchers):
            message = f'the rule "{each.rule.name}" of a shared pack takes this alert from every team and every cluster'
            hint = 'add what narrows it, such as team = "shop"'
            yield Finding(each.file, (*each.path, "match"), message, hint, on_key=True)


def _narrows(matcher: Matcher) -> bool:
    return not all(matcher.matches({matcher.name: value}) for value in _ENDLESS)
