"""Which texts a regex matches: all of them where they are few, else some as examples.

Reads the part of RE2's syntax that matchers are written in (RE2's wiki, "Syntax"): literals,
groups, alternatives, classes, repetitions. What it cannot read has neither list nor examples.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

MOST = 256  #: texts that are listed

_COUNT = re.compile(r"\{(\d{1,3})(?:(,)(\d{0,3}))?\}", re.ASCII)
_GROUP = re.compile(r"\(\?(?::|P?<\w+>)", re.ASCII)
_WORD = string.ascii_lowercase + string.ascii_uppercase + string.digits + "_"
_SPECIAL = "|()[*+?.^$\\"


class Texts(NamedTuple):
    """Some of the texts that a regex matches; ``all`` says whether there are no others."""

    some: tuple[str, ...]
    all: bool


class _UnreadableError(Exception):
    """The regex uses what is not read here."""


@lru_cache(maxsize=2048)
def texts_of(pattern: str) -> Texts:
    """Return what an anchored regex, which RE2 accepts, matches; nothing and not all when it cannot be read."""
    try:
        reader = _Reader(pattern)
        found = reader.alternatives()
        if reader.at < len(pattern):
            raise _UnreadableError
    except (_UnreadableError, IndexError, RecursionError):
        return Texts((), all=False)
    return found


def _bounded(texts: Iterable[str], complete: bool) -> Texts:
    unique = tuple(dict.fromkeys(texts))
    return Texts(unique[:MOST], complete and len(unique) <= MOST)


def _joined(left: Texts, right: Texts) -> Texts:
    # A product of two full lists would be too large to make.
    few = len(left.some) * len(right.some) <= MOST
    some = [a + b for a in (left.some if few else left.some[:8]) for b in (right.some if few else right.some[:8])]
    nothing = (left.all and not left.some) or (right.all and not right.some)
    return _bounded(some, nothing or (left.all and right.all and few))


class _Reader:
    """Walks over one regex."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0

    def alternatives(self) -> Texts:
        found = self.sequence()
        while self.text[self.at : self.at + 1] == "|":
            self.at += 1
            more = self.sequence()
            found = _bounded((*found.some, *more.some), found.all and more.all)
        return found

    def sequence(self) -> Texts:
        found = Texts(("",), all=True)
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            found = _joined(found, self.repeated(self.atom()))
        return found

    def atom(self) -> Texts:
        char = self.text[self.at]
        if char == "(":
            return self.group()
        if char == "[":
            return self.character_class()
        self.at += 1
        if char == ".":
            return Texts(("a", "0", "-"), all=False)
        if char == "\\":
            return Texts(tuple(self.escaped()), all=True)
        if char in _SPECIAL:
            raise _UnreadableError
        return Texts((char,), all=True)

    def group(self) -> Texts:
        named = _GROUP.match(self.text, self.at)
        if named:
            self.at = named.end()
        elif self.text.startswith("(?", self.at):
            raise _UnreadableError  # flags
        else:
            self.at += 1
        found = self.alternatives()
        if self.text[self.at] != ")":
            raise _UnreadableError
        self.at += 1
        return found

    def escaped(self) -> str:
        """Return the characters that an escape stands for; ``at`` is behind the backslash."""
        char = self.text[self.at]
        self.at += 1
        if char == "d":
            return string.digits
        if char == "w":
            return _WORD
        if char.isalnum() or not char.isascii():
            raise _UnreadableError
        return char

    def character_class(self) -> Texts:
        self.at += 1
        negated = self.text[self.at] == "^"
        self.at += negated
        chars: dict[str, None] = {}
        first = True
        while first or self.text[self.at] != "]":
            first = False
            if self.text.startswith("[:", self.at):
                raise _UnreadableError
            chars.update(dict.fromkeys(self.class_item()))
        self.at += 1
        if negated:
            return Texts(tuple(char for char in "a0-zZ_ .~" if char not in chars), all=False)
        return _bounded(chars, complete=True)

    def class_item(self) -> str:
        low = self.class_character()
        if len(low) > 1 or self.text[self.at] != "-" or self.text[self.at + 1] == "]":
            return low
        self.at += 1
        high = self.class_character()
        if len(high) > 1 or ord(high) - ord(low) > MOST:
            raise _UnreadableError
        return "".join(map(chr, range(ord(low), ord(high) + 1)))

    def class_character(self) -> str:
        char = self.text[self.at]
        self.at += 1
        return self.escaped() if char == "\\" else char

    def repeated(self, one: Texts) -> Texts:
        """Apply the repetition that follows, if one does."""
        char = self.text[self.at : self.at + 1]
        count = _COUNT.match(self.text, self.at)
        if char and char in "*+?":
            self.at += 1
            least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
        elif count:
            self.at = count.end()
            least = int(count[1])
            most = least if not count[2] else int(count[3]) if count[3] else None
        else:
            return one
        if self.text[self.at : self.at + 1] == "?":  # what it would rather match changes nothing
            self.at += 1
        return _times(one, least, most)


def _times(one: Texts, least: int, most: int | None) -> Texts:
    if least > MOST or (most or 0) > MOST:
        raise _UnreadableError
    found = Texts(("",), all=True)
    for _ in range(least):
        found = _joined(found, one)
    last = found
    for _ in range(1 if most is None else most - least):
        last = _joined(last, one)
        found = _bounded((*found.some, *last.some), found.all and last.all)
    only_empty = one.all and set(one.some) <= {""}
    return Texts(found.some, found.all and (most is not None or only_empty))
