r"""RE2 regular expressions: a value lands in one as the characters that it has, nothing else.

Syntax: https://github.com/google/re2/wiki/Syntax. Quoting is Go's ``regexp.QuoteMeta``. It holds
where a character stands for itself; inside of ``[…]``, ``{…}``, ``(?…``, ``\Q…\E`` or an unfinished
escape it does not, so a template there is refused at load.
"""

from __future__ import annotations

import re

STAND_IN = "\ue000"  #: for a value, while the literal text around it is read

_META = re.compile(r"[\\.+*?()|\[\]{}^$]")
_TOKEN = re.compile(
    r"""
      \\Q.*?(?:\\E|(?P<quoted>\Z))                # literal text between \Q and \E
    | \\[pPx]\{[^}]*(?:\}|(?P<name>\Z))           # \p{Greek} \x{10FFFF}
    | \\x[0-9A-Fa-f]{2} | \\[pP][A-Za-z]
    | (?P<octal>\\[0-7]{1,3}\Z) | \\[0-7]{1,3}
    | (?P<escape>\\(?:[pPx][0-9A-Fa-f]?)?\Z) | \\.
    | \[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*(?:\]|(?P<set>\Z|\\\Z))  # a character class
    | \{[0-9,]*(?:\}|(?P<count>\Z)|)              # a repetition, or a brace that stands for itself
    | \(\?(?:P?<[^>]*>|[a-zA-Z-]*[:)]|(?P<group>[^:)>]*\Z)|)
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
_REPEATED = re.compile(STAND_IN + r"[*+?{]")
_PLACES = {
    "quoted": r"between \Q and \E", "name": "inside of an escape", "octal": "inside of an escape",
    "escape": "right after a backslash", "set": "inside of [ ]", "count": "inside of { }", "group": "inside of (? )",
}  # fmt: skip


def quote(value: str) -> str:
    """Return a regular expression that matches this text and nothing else."""
    return _META.sub(r"\\\g<0>", value)


def trouble_before(prefix: str) -> str:
    """Say where a value after this much of an expression would land, if it cannot stand there; else ""."""
    at = 0
    while at < len(prefix):
        found = _TOKEN.match(prefix, at)
        if found is None:  # the last branch takes any character
            raise AssertionError(prefix)
        if found.lastgroup:
            return _PLACES[found.lastgroup]
        at = found.end()
    return ""


def repeats_value(expression: str) -> bool:
    """Whether ``*``, ``+``, ``?`` or ``{`` follows a value (STAND_IN): it would repeat its last character only."""
    return _REPEATED.search(expression) is not None
