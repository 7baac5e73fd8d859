"""Which rules can take alerts of another one: an index, so that not every pair has to be looked at.

What is asked of a label is cut down to *stems*: whole values where they can be listed, else the literal beginning
that a regex demands. Two rules whose stems on one label exclude each other share no alert. What is left may still
share none; that is found out exactly by ``label_sets``.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from remediator.core.lint.label_sets import is_negated, listed
from remediator.core.matchers import Matcher

Stem = tuple[str, bool]
"""A text, and whether it is the whole value; else values begin with it."""

_SPECIAL = frozenset("|()[*+?.^$\\{")
_MANY = 64  #: values of a matcher beyond which it is not used to narrow the search


class _Label:
    """What the rules ask of one label. Sets of rules are bits of an integer."""

    def __init__(self) -> None:
        self.asking = 0  #: the rules that ask for something
        self.whole: dict[str, int] = {}
        self.begin: dict[str, int] = {}
        self._whole: list[str] = []
        self._begin: list[str] = []

    def add(self, stems: Iterable[Stem], bit: int) -> None:
        self.asking |= bit
        for text, whole in stems:
            known, order = (self.whole, self._whole) if whole else (self.begin, self._begin)
            if text not in known:
                insort(order, text)
                known[text] = 0
            known[text] |= bit

    def meet(self, stems: Iterable[Stem]) -> int:
        """Return the rules with a stem that allows a value that one of these allows, too."""
        found = 0
        for text, whole in stems:
            for length in range(len(text) + 1):
                found |= self.begin.get(text[:length], 0)
            if whole:
                found |= self.whole.get(text, 0)
            else:
                found |= _under(text, self._whole, self.whole) | _under(text, self._begin, self.begin)
        return found


class Overlaps:
    """Rules by what they ask of labels. Add them in order; ask for the positions of those that may share alerts."""

    def __init__(self) -> None:
        self._labels: dict[str, _Label] = {}
        self._all = 0

    def add(self, position: int, matchers: Sequence[Matcher]) -> None:
        """Add a rule. Positions are small numbers, each given once."""
        bit = 1 << position
        self._all |= bit
        for label, stems in _asked(matchers):
            self._labels.setdefault(label, _Label()).add(stems, bit)

    def sharing(self, matchers: Sequence[Matcher]) -> Iterator[int]:
        """Yield, in order, the positions of the rules that may take an alert that fulfils these matchers."""
        left = self._all
        for label, stems in _asked(matchers):
            known = self._labels.get(label)
            if known is not None and left:
                left &= ~known.asking | known.meet(stems)
        while left:
            lowest = left & -left
            yield lowest.bit_length() - 1
            left ^= lowest


def _asked(matchers: Sequence[Matcher]) -> Iterator[tuple[str, tuple[Stem, ...]]]:
    """Yield label and stems of every matcher that narrows anything. One label may come twice: both hold."""
    for matcher in matchers:
        stems = stems_of(matcher)
        if stems:
            yield matcher.name, stems


@lru_cache(maxsize=8192)
def stems_of(matcher: Matcher) -> tuple[Stem, ...]:
    """Return what a value must be, or begin with, to fulfil a matcher; nothing when it could be anything."""
    if is_negated(matcher):
        return ()
    values = listed(matcher)
    if values is not None and len(values) <= _MANY:
        return tuple((value, True) for value in sorted(values))
    beginnings = {_beginning(branch) for branch in _branches(matcher.value)}
    return () if "" in beginnings or len(beginnings) > _MANY else tuple((text, False) for text in sorted(beginnings))


def _branches(pattern: str) -> list[str]:
    """Split a regex at its outermost alternatives; what is hard to read is one branch that begins with anything."""
    if "|" not in pattern:
        return [pattern]
    branches, depth, at, start = [], 0, 0, 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
        elif char == "[" or pattern.startswith("(?", at):
            return [""]
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and depth == 0:
            branches.append(pattern[start:at])
            start = at + 1
        at += 1
    return [*branches, pattern[start:]]


def _beginning(branch: str) -> str:
    """Return the literal characters that a branch begins with."""
    text = ""
    at = 0
    while at < len(branch):
        char = branch[at]
        if char == "\\" and branch[at + 1 : at + 2] in ("\\", ".", "-", "/", "+", "*", "?", "(", ")", "[", "|"):
            at += 1
            char = branch[at]
        elif char in _SPECIAL:
            break
        text += char
        at += 1
    # What may be left out is not demanded; the character before it is the one that it speaks of.
    return text[:-1] if branch[at : at + 1] in ("*", "?", "{") else text


def _under(beginning: str, order: list[str], known: dict[str, int]) -> int:
    found = 0
    for at in range(bisect_left(order, beginning), len(order)):
        if not order[at].startswith(beginning):
            break
        found |= known[order[at]]
    return found
