"""Counting patterns in a log as it streams by: nothing but the last lines and the counts is kept."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from typing import Annotated, Any, TypedDict

import re2
from pydantic import AfterValidator, Field, StringConstraints

from remediator.core.action import Outputs, Parameters
from remediator.core.durations import Duration

_SHOWN = 500  #: characters of a line that are kept
_CAPTURED = 200  #: characters of a captured value that are kept
_VALUES = 10_000  #: different values that are told apart
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


def _captures(pattern: str) -> str:
    if len(compile_pattern(pattern).groupindex) != 1:
        raise ValueError("give the pattern one named group: remote_ip=(?P<address>[0-9a-f.:]+)")
    return pattern


Capture = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_captures)]
"""An RE2 pattern with one named group; lines are counted by what that holds."""
CountBy = Annotated[
    dict[PatternName, Capture],
    Field(
        max_length=5,
        description="RE2 patterns with one named group, by name: lines are counted by what the group holds, such as "
        "an address. 5 at most.",
    ),
]
Top = Annotated[int, Field(ge=1, le=100, description="Of count_by, so many values are told, the most frequent first.")]
Counted = Annotated[
    dict[str, dict[str, int]],
    Field(description="Of count_by: lines by captured value, the most frequent first; 200 characters of a value."),
]
CountedRest = Annotated[
    dict[str, int], Field(description="Of count_by: lines that fit, whose values are not among those told.")
]


class LinesParameters(Parameters):
    """How much of a log is read, and what is looked for."""

    tail: int = Field(500, ge=1, le=100_000, description="Lines from the end.")
    since: Duration | None = Field(
        None, gt=0, description="Only lines written within this time. Default: all there are."
    )
    grep: dict[PatternName, Pattern] = Field(
        default_factory=dict, max_length=10,
        description="RE2 patterns by name; a line fits when a pattern is found anywhere in it. 10 at most.",
    )  # fmt: skip
    count_by: CountBy = Field(default_factory=dict)
    top: Top = 10
    keep: int = Field(
        20, ge=0, le=200, description="Lines to return: those that fit a pattern, or any when there are no patterns."
    )
    max_bytes: int = Field(1 << 20, ge=1024, le=16 << 20, description="Bytes that are read.")


class LinesOutputs(Outputs):
    """What a log says. ``complete`` is each action's own: what was cut off differs."""

    lines: int = Field(description="Lines that were read.")
    matched: int = Field(description="Lines that fit any pattern.")
    counts: dict[str, int] = Field(description="Lines that fit, by the pattern's name.")
    counted: Counted = Field(default_factory=dict)
    counted_rest: CountedRest = Field(default_factory=dict)
    shown: tuple[str, ...] = Field(
        description="The last lines that fit (without patterns: the last lines), as many as keep says, 500 characters "
        "each at most."
    )


class Told(TypedDict):
    """The outputs that a tally knows, by name."""

    lines: int
    matched: int
    counts: dict[str, int]
    counted: dict[str, dict[str, int]]
    counted_rest: dict[str, int]
    shown: tuple[str, ...]


class Tally:
    """Counts lines by pattern, and by what patterns capture. Feed it a log's bytes; ``end`` closes each log."""

    def __init__(
        self, patterns: Mapping[str, str], keep: int, count_by: Mapping[str, str] | None = None, top: int = 10
    ) -> None:
        self._patterns = {name: compile_pattern(pattern) for name, pattern in patterns.items()}
        self._captures = {name: compile_pattern(pattern) for name, pattern in (count_by or {}).items()}
        self._values: dict[str, Counter[str]] = {name: Counter() for name in self._captures}
        self._captured = Counter[str]()
        self._top = top
        self._rest = bytearray()
        self.counts = dict.fromkeys(patterns, 0)
        self.matched = 0  #: lines that fit any pattern
        self.lines = 0
        self.kept: deque[str] = deque(maxlen=keep)  #: the last lines that fit; the last ones of all without patterns

    @property
    def counted(self) -> dict[str, dict[str, int]]:
        """Lines by captured value, the most frequent ``top``; of equally frequent ones the first in the alphabet."""
        return {
            name: dict(sorted(values.items(), key=lambda item: (-item[1], item[0]))[: self._top])
            for name, values in self._values.items()
        }

    @property
    def counted_rest(self) -> dict[str, int]:
        """Lines whose captured values are not among those."""
        return {name: self._captured[name] - sum(values.values()) for name, values in self.counted.items()}

    def told(self) -> Told:
        """Return what outputs tell of it."""
        return {
            "lines": self.lines,
            "matched": self.matched,
            "counts": self.counts,
            "counted": self.counted,
            "counted_rest": self.counted_rest,
            "shown": tuple(self.kept),
        }

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
        for name, pattern in self._captures.items():
            self._capture(name, pattern.search(line))
        if fits:
            self.matched += 1
        if fits or not self._patterns:
            self.kept.append(_shown(line))

    def _capture(self, name: str, found: Any) -> None:
        value = _shown(next(iter(found.groupdict().values())) or "", _CAPTURED) if found else ""
        if value:  # a group that took no part, or is empty, names nothing
            self._captured[name] += 1
            values = self._values[name]
            # What comes after so many different values is counted, not told: memory is bounded.
            if value in values or len(values) < _VALUES:
                values[value] += 1


def _shown(line: str, limit: int = _SHOWN) -> str:
    """Return a line fit for a report: control characters become spaces, the rest is cut."""
    shown = "".join(char if char.isprintable() else " " for char in line[: limit + 1]).strip()
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"
