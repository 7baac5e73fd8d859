r"""The two grammars in which Alertmanager reads matchers. Both return what was written, unjudged.

Facts from Alertmanager's documentation, "Matcher", and from what its two parsers accept:

* *UTF-8*: names and values are unquoted words without reserved characters, or double-quoted with
  Go's escapes. Braces stand both or not at all; one trailing comma is allowed.
* *Classic*: the name is a classic label name; the value is everything up to the next comma outside
  quotes, and knows the escapes ``\n``, ``\"`` and ``\\`` only. Each brace is optional by itself.

White space is Go's: Unicode's in the UTF-8 grammar and at the ends of a classic text, ASCII's
around classic tokens.
"""

from __future__ import annotations

import re

from msgspec import Struct

from remediator.errors import MatcherError

#: Go's ``unicode.IsSpace``. Python's ``\s`` would add the separators U+001C to U+001F.
_BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_ASCII_BLANKS = "\t\n\f\r "
_RESERVED = _BLANKS + r"{}!=~,\\\"'`"
_RESERVED_CHARACTER = re.compile(f"[{_RESERVED}]")

_BLANK = re.compile(f"[{_BLANKS}]*")
_TOKEN = re.compile(
    r"(?P<brace>[{}])|(?P<comma>,)|(?P<operator>=~|=|!=|!~)"
    r'|(?P<quoted>"(?:[^"\\]++|\\.)*+")'
    f"|(?P<word>[^{_RESERVED}]+)",
    re.DOTALL,
)
_PIECE = re.compile(
    r'\\(?P<letter>[abfnrtv\\"])|\\x(?P<hex>[0-9a-fA-F]{2})|\\(?P<octal>[0-3][0-7]{2})'
    r"|\\u(?P<four>[0-9a-fA-F]{4})|\\U(?P<eight>[0-9a-fA-F]{8})|(?P<plain>[^\\\n]+)"
)
_LETTERS = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, '"': 34}
_DIGITS = {"x": "two hexadecimal", "u": "four hexadecimal", "U": "eight hexadecimal"} | dict.fromkeys(
    "01234567", "three octal"
)

_CLASSIC = re.compile(
    r"[\t\n\f\r ]*([a-zA-Z_:][a-zA-Z0-9_:]*)[\t\n\f\r ]*(=~|=|!=|!~)[\t\n\f\r ]*(.*)", re.DOTALL | re.ASCII
)


class Written(Struct, frozen=True):
    """One matcher as it stands in the text. ``offset`` is the character where its value begins."""

    name: str
    operator: str
    value: str
    offset: int


def needs_quotes(name: str) -> bool:
    """Whether a label name must stand in quotes for the UTF-8 grammar."""
    return not name or _RESERVED_CHARACTER.search(name) is not None


def shown(text: str, limit: int = 40) -> str:
    """Return a text for an error message: cut to ``limit`` characters, nothing unprintable in it."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in cut)


def read_utf8(text: str) -> tuple[Written, ...]:
    """Read the text in the UTF-8 grammar. Raise MatcherError with a character offset."""
    return _Reader(text).read()


class _Reader:
    """Walks over the tokens of one text, always one token ahead. At the end ``kind`` is empty."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.end, self.kind = 0, ""
        self.advance()

    def advance(self) -> None:
        blank = _BLANK.match(self.text, self.end)
        self.start = blank.end() if blank else self.end
        found = _TOKEN.match(self.text, self.start)
        if not found and self.start < len(self.text):
            raise self._unreadable()
        self.kind = (found.lastgroup or "") if found else ""
        self.value = found.group() if found else ""
        self.end = found.end() if found else self.start

    def _unreadable(self) -> MatcherError:
        char = self.text[self.start]
        if char == '"':
            return MatcherError('a closing " is missing', self.start)
        if char == "~" and self.kind in {"word", "quoted"}:
            return MatcherError("~ is no operator (=, !=, =~ or !~); did you mean =~?", self.start)
        if char == "!":
            return MatcherError('"!" must be followed by "=" or "~"', self.start)
        return MatcherError(f"the character {char} must stand inside double quotes", self.start)

    def _needed(self, what: str) -> MatcherError:
        return MatcherError(f"{what} is needed here, found {shown(self.value) or 'the end'}", self.start)

    def read(self) -> tuple[Written, ...]:
        braces = self.value == "{"
        if braces:
            self.advance()
        matchers: list[Written] = []
        while self.kind and self.value != "}":
            matchers.append(self._matcher())
            if self.kind != "comma":
                break
            self.advance()
        self._close(braces)
        return tuple(matchers)

    def _close(self, braces: bool) -> None:
        if self.value == "}":
            if not braces:
                raise MatcherError('this "}" has no opening "{"', self.start)
            self.advance()
            if self.kind:
                raise self._needed("the end")
        elif braces or self.kind:
            raise self._needed('a comma or "}"' if braces else "a comma")

    def _matcher(self) -> Written:
        name, _ = self._term("a label name")
        if self.kind != "operator":
            raise self._needed("an operator (=, !=, =~ or !~)")
        operator = self.value
        self.advance()
        value, offset = self._term("a value")
        return Written(name, operator, value, offset)

    def _term(self, what: str) -> tuple[str, int]:
        if self.kind not in {"quoted", "word"}:
            raise self._needed(what)
        offset = self.start
        value = _unquote(self.value, offset) if self.kind == "quoted" else self.value
        self.advance()
        return value, offset


def _unquote(quoted: str, offset: int) -> str:
    r"""Return what a Go string literal in double quotes means (Go's specification, "String literals").

    ``\xHH`` and octal escapes are bytes; all bytes together must be UTF-8.
    """
    inner, data, position = quoted[1:-1], bytearray(), 0
    while position < len(inner):
        piece = _PIECE.match(inner, position)
        if piece is None:
            raise _bad_escape(inner, position, offset + 1 + position)
        kind = piece.lastgroup or "plain"
        text = piece[kind]
        if kind == "plain":
            data += text.encode()
        elif kind == "letter":
            data.append(_LETTERS[text])
        elif kind in {"hex", "octal"}:
            data.append(int(text, 16 if kind == "hex" else 8))
        else:
            data += _code_point(text, offset + 1 + position)
        position = piece.end()
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise MatcherError("the bytes between these quotes are not UTF-8", offset) from error


def _code_point(digits: str, offset: int) -> bytes:
    try:
        return chr(int(digits, 16)).encode()
    except (ValueError, OverflowError) as error:  # beyond U+10FFFF, or half of a surrogate pair
        raise MatcherError(f"U+{digits.upper()} is not a character", offset) from error


def _bad_escape(inner: str, position: int, offset: int) -> MatcherError:
    if inner[position] == "\n":
        return MatcherError(r"a line break inside quotes is written \n", offset)
    letter = inner[position + 1]
    if letter in _DIGITS:
        return MatcherError(rf"\{letter} begins an escape of {_DIGITS[letter]} digits", offset)
    return MatcherError(rf"\{shown(letter)} is not an escape inside quotes; a backslash is written \\", offset)


def read_classic(text: str) -> tuple[Written, ...]:
    """Read the text in the classic grammar. Raise MatcherError with a character offset."""
    start = 1 if text.startswith("{") else 0
    return tuple(_classic_matcher(part, start + at) for part, at in _split(text[start:].removesuffix("}")))


def _split(body: str) -> list[tuple[str, int]]:
    """Return the parts between commas outside quotes, each with its place; a blank last part is dropped."""
    parts: list[tuple[str, int]] = []
    begin, quoted, escaped = 0, False, False
    for place, char in enumerate(body):
        if char == ",":
            # A comma does not end an escape: Alertmanager's classic parser carries it on.
            if not quoted:
                parts.append((body[begin:place], begin))
                begin = place + 1
        elif char == '"' and not escaped:
            quoted = not quoted
        else:
            escaped = char == "\\" and not escaped
    last = body[begin:].lstrip(_BLANKS)
    if last:
        parts.append((last.rstrip(_BLANKS), len(body) - len(last)))
    return parts


def _classic_matcher(part: str, at: int) -> Written:
    found = _CLASSIC.fullmatch(part)
    if found is None:
        raise MatcherError("the classic form is a label name, an operator and a value", at)
    offset = at + found.start(3)
    value = _unescape(found[3].rstrip(_ASCII_BLANKS))
    if value is None:
        raise MatcherError(r"a double quote inside a value is written \"", offset)
    return Written(found[1], found[2], value, offset)


def _unescape(raw: str) -> str | None:
    """Return what a classic value means; None when a double quote stands where it must not, or is missing."""
    quoted = raw.startswith('"')
    inner = raw[1:] if quoted else raw
    chars: list[str] = []
    escaped, last = False, len(inner) - 1
    for place, char in enumerate(inner):
        if escaped:
            escaped = False
            chars.append({"n": "\n", '"': '"', "\\": "\\"}.get(char, "\\" + char))
        elif char == "\\" and place < last:
            escaped = True
        elif char == '"':
            return "".join(chars) if quoted and place == last else None
        else:
            chars.append(char)
    return None if quoted else "".join(chars)
