"""Why an alert meets a rule, or does not: what ``RuleTable.matching`` decides, told in full."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from remediator.core.matchers import Matcher
from remediator.core.rules import Rule, RuleTable


class Missed(Struct, frozen=True):
    """A matcher that does not hold."""

    matcher: str
    label: str
    value: str | None  #: what the alert has there; None when it has no such label


class Looked(Struct, frozen=True):
    """A rule, as an alert meets it."""

    rule: str
    file: str
    matchers: int
    missed: tuple[Missed, ...] = ()
    taken_by: str = ""  #: the rule before it that takes the alert, so that this one is not looked at

    @property
    def matches(self) -> bool:
        """Whether all of its matchers hold."""
        return not self.missed

    @property
    def takes(self) -> bool:
        """Whether it gets the alert."""
        return not self.missed and not self.taken_by

    @property
    def near(self) -> bool:
        """Whether it is a near miss: about this alertname, or with a single matcher that does not hold."""
        return bool(self.missed) and (
            all(miss.label != "alertname" for miss in self.missed) or (len(self.missed) == 1 and self.matchers > 1)
        )


def look(table: RuleTable, labels: Mapping[str, str]) -> tuple[Looked, ...]:
    """Return every rule in the table's order, and which of its matchers fails on which value."""
    found: list[Looked] = []
    taken_by = ""
    for rule in table.rules:
        looked = Looked(rule.name, rule.file, len(rule.matchers), missed(rule, labels), taken_by)
        found.append(looked)
        if looked.takes and not rule.text.continue_:
            taken_by = rule.name
    return tuple(found)


def missed(rule: Rule, labels: Mapping[str, str]) -> tuple[Missed, ...]:
    """Return the matchers of a rule that do not hold for these labels."""
    return tuple(_missed(matcher, labels) for matcher in rule.matchers if not matcher.matches(labels))


def _missed(matcher: Matcher, labels: Mapping[str, str]) -> Missed:
    return Missed(str(matcher), matcher.name, labels.get(matcher.name))
