"""PromQL: a value lands inside of a string, inside of a regular expression, or bare as a number.

Lexical rules: Prometheus' documentation, "Querying basics" (string and float literals, comments),
and its ``promql/parser/lex.go``: ``"…"`` and ``'…'`` take Go's escapes and end with the line, only
their own quote may be escaped, backticks take everything, ``#`` comments run to the line's end.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import partial
from typing import NoReturn

from msgspec import Struct, field

from remediator.core.durations import parse_duration
from remediator.core.escaping import regex
from remediator.core.escaping.pieces import Escapes, Pieces, Put
from remediator.core.expressions.values import kind, number, text
from remediator.errors import RenderError, TemplateError

_TOKEN = re.compile(
    r"(?P<blank>\s+)|(?P<comment>#[^\n]*)|(?P<word>[A-Za-z0-9_:.]+)|(?P<matcher>=~|!~)|(?P<quote>[\"'`])|(?P<sign>.)",
    re.DOTALL,
)
_IN_STRING = {
    quote: re.compile(
        rf"(?P<plain>[^{quote}\\\n]+)|(?P<end>{quote})"
        rf"|\\(?P<escape>[abfnrtv\\{quote}]|[0-7]{{3}}|x[0-9A-Fa-f]{{2}}|u[0-9A-Fa-f]{{4}}|U[0-9A-Fa-f]{{8}})"
    )
    for quote in "\"'"
}
_IN_STRING["`"] = re.compile(r"(?P<plain>[^`]+)|(?P<end>`)|(?P<escape>(?!))")
_SPECIAL = {quote: re.compile(rf"[\\{quote}\x00-\x1f\x7f]") for quote in "\"'"}
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LETTERS = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))
_UNIT = re.compile(r"(?:ms|[smhdwy])(?![A-Za-z0-9_:.])")
_WORD = re.compile(r"[A-Za-z0-9_:.]+")
_OPENING = {")": "(", "]": "[", "}": "{"}


class _Role(Enum):
    """What a string is for."""

    PLAIN = "plain"
    REGEX = "regex"  #: right of =~ or !~, or label_replace's last argument
    REPLACEMENT = "replacement"  #: label_replace's third argument, where $1 means a group


#: label_replace(v, dst_label, replacement, src_label, regex); the functions' names are case-sensitive.
_ARGUMENTS = {("label_replace", 2): _Role.REPLACEMENT, ("label_replace", 4): _Role.REGEX}


class _Bracket(Struct):
    sign: str
    word: str  #: what stood before it: a function's name
    offset: int
    commas: int = 0


def of_promql(pieces: Pieces) -> Escapes:
    """Escape for PromQL. Refuses values in comments, in backticks, in names and in unquoted matchers."""
    reader, puts = _Reader(), list[Put]()
    reader.literal(pieces.literals[0], pieces.starts[0])
    for index, literal in enumerate(pieces.literals[1:]):
        before = pieces.literals[index] or ("}" if index else "")
        puts.append(reader.value(before, literal, pieces.hole(index)))
        reader.literal(literal, pieces.starts[index + 1])
    reader.end(pieces.starts[-1] + len(pieces.literals[-1]))
    return Escapes(tuple(puts))


class _Reader(Struct):
    """Reads the literal text from left to right and knows what stands open."""

    quote: str = ""
    role: _Role = _Role.PLAIN
    content: str = ""  #: the open string so far, unescaped, STAND_IN for values
    comment: bool = False
    last: str = ""  #: the last word or sign, blanks and comments left out
    open: list[_Bracket] = field(default_factory=list)

    def literal(self, source: str, start: int) -> None:
        at = 0
        while at < len(source):
            at = self._string(source, at, start) if self.quote else self._token(source, at, start)

    def value(self, before: str, after: str, offset: int) -> Put:
        """Return how a value is written here. ``before`` and ``after`` are the literal texts around it."""
        if self.comment:
            raise TemplateError("a template in a comment has no effect", offset)
        if self.quote == "`":
            raise TemplateError("backticks know no escapes: a template needs double quotes", offset)
        if self.quote:
            if self.role is _Role.REGEX and (place := regex.trouble_before(self.content)):
                raise TemplateError(f"a template cannot stand {place} of a regular expression", offset)
            self.content += regex.STAND_IN
            return partial(_in_string, quote=self.quote, role=self.role)
        return self._bare(before, after, offset)

    def end(self, offset: int) -> None:
        if self.quote:
            raise TemplateError("the string is never closed", offset)
        if self.open:
            raise TemplateError(f'this "{self.open[-1].sign}" is never closed', self.open[-1].offset)

    def _bare(self, before: str, after: str, offset: int) -> Put:
        inner = self.open[-1].sign if self.open else ""
        if inner == "{":
            raise TemplateError('in { } a template must stand in double quotes: {service="{{ … }}"}', offset)
        # In [5m:1m] the colon separates; elsewhere it is a letter of a recording rule's name.
        letters = "_." if inner == "[" else "_.:"
        unit = _UNIT.match(after)
        if _glued(before[-1:], letters) or (_glued(after[:1], letters) and not unit):
            raise TemplateError("outside of quotes a template cannot be part of a name or number", offset)
        self.last = ""
        if unit:
            return _count
        return partial(_number, power=after.lstrip()[:1] == "^")

    def _token(self, source: str, at: int, start: int) -> int:
        found = _TOKEN.match(source, at)
        if found is None:  # the last branch takes any character
            raise AssertionError(source)
        match found.lastgroup:
            case "blank":
                pass
            case "comment":
                self.comment = found.end() == len(source)
            case "quote":
                self.quote, self.content, self.role = found.group(), "", self._role()
            case "sign":
                self._sign(found.group(), start + at)
            case _:
                self.last = found.group()
        return found.end()

    def _role(self) -> _Role:
        if self.last in {"=~", "!~"}:
            return _Role.REGEX
        for bracket in reversed(self.open):
            if bracket.sign != "(" or _WORD.fullmatch(bracket.word):  # parentheses around a string change nothing
                return _ARGUMENTS.get((bracket.word, bracket.commas), _Role.PLAIN)
        return _Role.PLAIN

    def _sign(self, sign: str, offset: int) -> None:
        if sign in "([{":
            self.open.append(_Bracket(sign, self.last, offset))
        elif sign in _OPENING:
            if not self.open or self.open.pop().sign != _OPENING[sign]:
                raise TemplateError(f'this "{sign}" closes nothing', offset)
        elif sign == "," and self.open:
            self.open[-1].commas += 1
        self.last = sign

    def _string(self, source: str, at: int, start: int) -> int:
        found = _IN_STRING[self.quote].match(source, at)
        if found is None:
            self._bad_string(source[at], start + at)
        if found["end"]:
            self._close(start + at)
        else:
            self.content += found["plain"] or _unescaped(found["escape"])
        return found.end()

    def _bad_string(self, char: str, offset: int) -> NoReturn:
        raise TemplateError(
            "a string cannot go over the line's end; write \\n"
            if char == "\n"
            else "not one of Go's escapes (a backslash in a regular expression is written \\\\)",
            offset,
        )

    def _close(self, offset: int) -> None:
        if self.role is _Role.REGEX and regex.repeats_value(self.content):
            raise TemplateError("a repetition right after a template; write ({{ … }})* or leave it out", offset)
        self.last, self.quote = "", ""


def _glued(char: str, letters: str) -> bool:
    return bool(char) and (char.isalnum() or char in letters or char in "{}\"'`")


def _unescaped(escape: str) -> str:
    if escape in _LETTERS:
        return _LETTERS[escape]
    if escape[0] in "xuU":
        # Halves of surrogate pairs and the like are Prometheus' to refuse; here only places matter.
        return chr(min(int(escape[1:], 16), 0x10FFFF))
    return chr(int(escape, 8)) if escape[0] in "01234567" else escape


def _in_string(value: object, quote: str, role: _Role) -> str:
    written = text(value)
    if role is _Role.REGEX:
        written = regex.quote(written)
    elif role is _Role.REPLACEMENT:
        written = written.replace("$", "$$")
    return _SPECIAL[quote].sub(_escape, written)


def _escape(found: re.Match[str]) -> str:
    char = found.group()
    if char < " " or char == "\x7f":
        return _SHORT.get(char) or f"\\x{ord(char):02x}"
    return "\\" + char


def _number(value: object, power: bool) -> str:
    if isinstance(value, str):
        try:
            parse_duration(value)
        except ValueError:
            raise RenderError("outside of quotes only a number or a duration may stand, not other text") from None
        return value
    if isinstance(value, bool):
        raise RenderError("outside of quotes only a number or a duration may stand, not true or false")
    known = number(value)
    # -5^2 is -(5^2): the sign belongs to the value.
    return f"({known})" if power and known < 0 else str(known)


def _count(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and number(value) >= 0:
        return str(value)
    raise RenderError(f"a unit follows, so that only a whole number may stand here, not {kind(value)}")
