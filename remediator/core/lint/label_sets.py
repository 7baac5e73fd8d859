"""Sets of alerts, as matchers cut them out: which are left, and whether none can be.

Equality and finite alternatives are exact. A regex that matches endlessly many texts is kept as a
condition: then "none is left" is sometimes not known, and that is what is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import lru_cache

from msgspec import Struct, field

from remediator.core.lint.regexes import texts_of
from remediator.core.matchers import Matcher, MatchOp

_OPPOSITE = {
    MatchOp.EQUAL: MatchOp.NOT_EQUAL,
    MatchOp.NOT_EQUAL: MatchOp.EQUAL,
    MatchOp.REGEX: MatchOp.NOT_REGEX,
    MatchOp.NOT_REGEX: MatchOp.REGEX,
}
_MOST_STEPS = 5000
_MOST_TRIED = 256  #: texts that are tried against endless regexes
_WITNESSES = 8  #: alerts that are tried before all of them are cut into sets


class Left(Enum):
    """Whether any alert is left."""

    NONE = "none"
    SOME = "some"
    UNKNOWN = "unknown"


@lru_cache(maxsize=4096)
def opposite(matcher: Matcher) -> Matcher:
    """Return the matcher that holds exactly where this one does not."""
    return Matcher(matcher.name, _OPPOSITE[matcher.op], matcher.value)


@lru_cache(maxsize=4096)
def listed(matcher: Matcher) -> frozenset[str] | None:
    """Return all values that it allows, or for a negated one forbids; None when they cannot be listed."""
    if matcher.op in (MatchOp.EQUAL, MatchOp.NOT_EQUAL):
        return frozenset({matcher.value})
    texts = texts_of(matcher.value)
    return frozenset(texts.some) if texts.all else None


def is_negated(matcher: Matcher) -> bool:
    """Whether it forbids instead of allowing."""
    return matcher.op in (MatchOp.NOT_EQUAL, MatchOp.NOT_REGEX)


class Values(Struct, frozen=True):
    """What one label may still be: one of these values, or any but these that fulfils all conditions."""

    these: frozenset[str] = frozenset()
    any_but: bool = True
    conditions: frozenset[Matcher] = frozenset()  #: endless regexes; only beside ``any_but``

    def narrowed(self, matcher: Matcher) -> Values:
        """Return the values that fulfil the matcher, too."""
        if not self.any_but:
            kept = frozenset(value for value in self.these if matcher.matches({matcher.name: value}))
            return Values(kept, any_but=False)
        values = listed(matcher)
        if values is None:
            return Values(self.these, any_but=True, conditions=self.conditions | {matcher})
        if is_negated(matcher):
            return Values(self.these | values, any_but=True, conditions=self.conditions)
        return Values(frozenset(filter(self.allows, values)), any_but=False)

    def allows(self, value: str) -> bool:
        """Whether this value is in the set."""
        if not self.any_but:
            return value in self.these
        return value not in self.these and all(one.matches({one.name: value}) for one in self.conditions)

    @property
    def left(self) -> Left:
        """Whether there is a value in it."""
        if not self.any_but:
            return Left.SOME if self.these else Left.NONE
        if not self.conditions:
            return Left.SOME
        if any(opposite(one) in self.conditions for one in self.conditions):
            return Left.NONE
        each = max(_MOST_TRIED // len(self.conditions), 1)
        tried = ["", "~"]
        for one in self.conditions:
            tried += texts_of(one.value).some[:each]
        return Left.SOME if any(map(self.allows, tried)) else Left.UNKNOWN


EVERYTHING = Values()


class Alerts(Struct, frozen=True):
    """The alerts whose labels are in these sets; a label that is not named may be anything."""

    by_label: Mapping[str, Values] = field(default_factory=dict)

    def narrowed(self, matchers: Iterable[Matcher]) -> Alerts:
        """Return those that fulfil all of these matchers, too."""
        made = dict(self.by_label)
        for matcher in matchers:
            made[matcher.name] = made.get(matcher.name, EVERYTHING).narrowed(matcher)
        return Alerts(made)

    def left(self, given: Alerts | None = None) -> Left:
        """Whether any alert is left; what stands in ``given`` unchanged is taken to be possible."""
        worst = Left.SOME
        for label, values in self.by_label.items():
            found = values.left
            if found is Left.NONE:
                return found
            if found is Left.UNKNOWN and not (given and given.by_label.get(label) == values):
                worst = Left.UNKNOWN
        return worst


def beyond(matchers: Sequence[Matcher], others: Sequence[Sequence[Matcher]]) -> Left:
    """Whether alerts that fulfil ``matchers`` are left that fulfil none of the ``others``.

    NONE is certain. What would take too long to find out is SOME.
    """
    if any(not any(_fulfils(other, alert) for other in others) for alert in _examples(matchers)):
        return Left.SOME
    whole = Alerts().narrowed(matchers)
    ahead = [(whole, 0)]  # a piece, and which of the others is to be taken from it next
    worst, steps = Left.NONE, 0
    while ahead:
        piece, at = ahead.pop()
        while at < len(others):
            # Endless regexes are tried against each other: many of them are not worth the time.
            steps += 1 + sum(len(values.conditions) for values in piece.by_label.values()) ** 2 // 4
            parts = _without(piece, others[at])
            at += 1
            if parts != [piece]:
                ahead += [(part, at) for part in parts]
                break
        else:
            left = piece.left(whole)
            if left is Left.SOME:
                return left
            worst = Left.UNKNOWN if left is Left.UNKNOWN else worst
        if steps > _MOST_STEPS:
            return Left.SOME
    return worst


def _without(piece: Alerts, matchers: Sequence[Matcher]) -> list[Alerts]:
    """Return what is left of a piece without the alerts that fulfil all the matchers: parts that do not overlap."""
    if _disjoint(piece, matchers):
        return [piece]
    parts = []
    for matcher in matchers:
        part = piece.narrowed([opposite(matcher)])
        if part.left() is not Left.NONE:
            parts.append(part)
        piece = piece.narrowed([matcher])
    return parts


def _disjoint(piece: Alerts, matchers: Iterable[Matcher]) -> bool:
    """Whether no alert of the piece fulfils all the matchers."""
    for matcher in matchers:
        values = piece.by_label.get(matcher.name)
        if values is not None and values.narrowed(matcher).left is Left.NONE:
            return True
    return piece.narrowed(matchers).left() is Left.NONE


def _fulfils(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    return all(matcher.matches(labels) for matcher in matchers)


def _examples(matchers: Sequence[Matcher]) -> Iterator[Mapping[str, str]]:
    """Yield a few alerts that fulfil the matchers; nothing when none was found."""
    values: dict[str, list[str]] = {}
    for matcher in matchers:
        if matcher.name not in values:
            known = listed(matcher) if not is_negated(matcher) else None
            some = sorted(known) if known is not None else ["~", *texts_of(matcher.value).some, "~~", ""]
            values[matcher.name] = some[: 4 * _WITNESSES]
    for label, some in values.items():
        about = [matcher for matcher in matchers if matcher.name == label]
        values[label] = [value for value in some if _fulfils(about, {label: value})]
    if all(values.values()):
        for number in range(_WITNESSES):
            yield {label: some[number % len(some)] for label, some in values.items()}
