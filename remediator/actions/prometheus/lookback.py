"""How far back a query looks: only after that long does its value rest on samples after a change.

Not a PromQL parser: it follows parentheses, ranges (``[5m]``, ``[10m:1m]``) and ``offset``.
Nested ones add up (a subquery of rates looks back both ranges); of ones side by side the longest
counts. Where the text is unusual it errs towards longer.
"""

from __future__ import annotations

import re
from functools import lru_cache

from remediator.core.durations import parse_duration

_DURATION = r"[0-9]+(?:ms|[smhdwy])(?:[0-9]+(?:ms|[smhdwy]))*"
_TOKENS = re.compile(
    r'(?P<text>"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`|\#[^\n]*'
    r"|@\s*(?:(?:start|end)\s*\(\s*\)|-?[0-9.]+))"
    r"|\[(?P<range>[^\]]*)\]"
    rf"|\boffset\s*(?P<offset>-?\s*(?:{_DURATION}|[0-9.]+))"
    r"|(?P<open>\()|(?P<close>\))"
    r"|(?P<item>[\w:.]+|\{)",
    re.DOTALL,
)
_LENGTH = re.compile(rf"(?<![\w.]){_DURATION}|(?<![\w.])[0-9]+(?:\.[0-9]+)?(?![\w.])")


@lru_cache(maxsize=512)
def lookback(query: str) -> float:
    """Return the seconds before now that the query's value can rest on; 0 for instant selectors."""
    frames: list[list[float]] = [[0.0, 0.0]]  # of each open parenthesis: the longest so far, the item at hand
    for token in _TOKENS.finditer(query):
        kind = token.lastgroup
        frame = frames[-1]
        if kind in {"item", "open"}:
            frame[:] = [max(frame), 0.0]
        if kind == "open":
            frames.append([0.0, 0.0])
        elif kind == "close" and len(frames) > 1:
            longest = max(frames.pop())
            frames[-1][1] += longest
        elif kind == "range":
            # Of "[10m:1m]" the resolution looks no further back.
            frame[1] += _seconds(token["range"].partition(":")[0])
        elif kind == "offset" and "-" not in token["offset"]:
            frame[1] += _seconds(token["offset"])
    return max(max(frame) for frame in frames)


def _seconds(text: str) -> float:
    """Return the seconds of all durations in a text: one as a rule, more in Prometheus' duration expressions."""
    return sum(_length(found) for found in _LENGTH.findall(text))


def _length(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError:
        # A bare number counts seconds; units out of order are for Prometheus to refuse.
        return float(text) if text[-1].isdigit() else 0.0
