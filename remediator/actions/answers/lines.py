"""Counting patterns in a log as it streams by: nothing but the last lines and the counts is kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Annotated, Any

import re2
from pydantic import AfterValidator, StringConstraints

_SHOWN = 500  #: characters of a line that are kept
_LONGEST_LINE = 8192  # what is beyond it is not searched


def compile_pattern(pattern: str) -> Any:
    """Return the compiled RE2 pattern; ValueError says what is wrong with it."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(f"not an RE2 pattern: {str(error)[:200]}") from error


def _compiles(pattern: str) -> str:
    compile_pattern(pattern)
    return pattern


Pattern = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_compiles)]
"""An RE2 pattern that is looked for anywhere in a line."""
PatternName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")]


class Tally:
    """Counts lines by pattern. Feed it bytes of one log after another; ``end`` closes each."""

    def __init__(self, patterns: Mapping[str, str], keep: int) -> None:
        self._patterns = {name: compile_pattern(pattern) for name, pattern in patterns.items()}
        self._rest = bytearray()
        self.counts = dict.fromkeys(patterns, 0)
        self.matched = 0  #: lines that fit any pattern
        self.lines = 0
        self.kept: deque[str] = deque(maxlen=keep)  #: the last lines that fit; the last ones of all without patterns

    def feed(self, part: bytes) -> None:
        """Take the next bytes; they may end anywhere."""
        *whole, rest = part.split(b"\n")
        for line in whole:
            self._line(bytes(self._rest) + line)
            self._rest.clear()
        # Of a line that does not end, no more is held than is searched.
        self._rest += rest[: max(_LONGEST_LINE - len(self._rest), 0)]

    def end(self) -> None:
        """Take what is left as a line."""
        if self._rest:
            self._line(bytes(self._rest))
            self._rest.clear()

    def _line(self, raw: bytes) -> None:
        line = raw[:_LONGEST_LINE].decode("utf-8", "replace").rstrip("\r")
        self.lines += 1
        fits = [name for name, pattern in self._patterns.items() if pattern.search(line)]
        for name in fits:
            self.counts[name] += 1
        if fits:
            self.matched += 1
        if fits or not self._patterns:
            self.kept.append(_shown(line))


def _shown(line: str) -> str:
    """Return a line fit for a report: control characters become spaces, the rest is cut."""
    shown = "".join(char if char.isprintable() else " " for char in line[: _SHOWN + 1]).strip()
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"
