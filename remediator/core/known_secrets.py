r"""Secrets that are known word by word, found in a text as they stand and as others write them.

A backend that echoes a secret may have put it into JSON (``\"``, ``\u00e9``, ``\/``), into a URL (``%2F``, ``+``), into
HTML (``&quot;``, ``&#39;``), into base64 (alone, or in something such as ``user:password``), or into several of these.
Each character is looked for in every such form, so any mixture is found. It is one RE2 pattern: time is linear in
the text.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Iterator
from functools import lru_cache
from html.entities import codepoint2name
from typing import Any

import re2

SHORTEST = 8  #: characters; shorter ones are words of every text (passwords have 8 or more: NIST SP 800-63B, 5.1.1.2)
MOST = 256  #: secrets; the one not read for longest is forgotten first
MOST_CHARACTERS = 32 * 1024  #: of all of them
LONGEST_FORM = 1024  #: characters that a piece of a secret may take in a text
_PIECE = 48  #: characters; longer secrets are found piece by piece, so that one which was cut off is found, too
_SEED = 8  #: characters of a piece that the first look is for
_TOGETHER = 8192  #: characters in one pattern; more would not fit the memory that RE2 has for its automaton
_PATTERN_MEMORY = 64 * 1024 * 1024  #: bytes that RE2 may use, at most


class KnownSecrets:
    """Secrets that were read somewhere. ``also``: a pattern that ``hints_at`` looks for in the same go."""

    def __init__(self, also: str = "", shortest: int = SHORTEST) -> None:
        self._also, self._shortest = also, shortest
        self._secrets: OrderedDict[str, None] = OrderedDict()
        self._either = compiled(also) if also else None
        self._whole: tuple[Any, ...] | None = ()  #: None: not needed yet
        self._stale = False
        self.with_escapes = False  #: whether one has what JSON writes with a backslash and a letter, or a backslash

    def __len__(self) -> int:
        return len(self._secrets)

    def learn(self, secret: str) -> None:
        """Hide this from now on. What is known already costs next to nothing; what is too short is passed over."""
        if secret in self._secrets:
            self._secrets.move_to_end(secret)
        elif self._shortest <= len(secret) <= MOST_CHARACTERS:
            self._secrets[secret] = None
            while len(self._secrets) > MOST or sum(map(len, self._secrets)) > MOST_CHARACTERS:
                self._secrets.popitem(last=False)
            self._stale = True

    def forget(self) -> None:
        """Know none any more."""
        self._secrets.clear()
        self._stale = True

    def hints_at(self, text: str) -> bool:
        """Whether a part of one of them, or what ``also`` describes, stands in the text. A quick look."""
        if self._stale:
            self._build()
        return self._either is not None and self._either.search(text) is not None

    def holds(self, text: str) -> bool:
        """Whether one of them stands in the text."""
        return any(pattern.search(text) is not None for pattern in self._patterns())

    def hide(self, text: str, mark: str) -> str:
        """Return the text with ``mark`` in their places."""
        for pattern in self._patterns():
            if pattern.search(text) is not None:
                text = str(pattern.sub(mark, text))
        return re.sub(rf"(?:{re.escape(mark)}){{2,}}", mark, text) if len(self._patterns()) > 1 else text

    def _build(self) -> None:
        seeds = {_seed(form) for secret in self._secrets for form in _forms(secret)}
        source = "|".join((*([self._also] if self._also else []), *sorted(seeds)))
        self._either = compiled(source) if source else None
        self.with_escapes = any(char in secret for secret in self._secrets for char in ("\\", *_SHORT))
        self._whole = None
        self._stale = False

    def _patterns(self) -> tuple[Any, ...]:
        """Return what finds them as a whole: made when there is something to be found, which is seldom."""
        if self._stale:
            self._build()
        if self._whole is None:
            # The longest come first, so that they go as a whole.
            forms = sorted({form for secret in self._secrets for form in _forms(secret)}, key=len, reverse=True)
            groups: list[list[str]] = []
            room = 0
            for form in forms:
                if room < len(form):
                    groups.append([])
                    room = _TOGETHER
                groups[-1].append("".join(form))
                room -= len(form)
            self._whole = tuple(compiled(f"(?:{'|'.join(group)})+") for group in groups)
        return self._whole


Form = tuple[str, ...]
"""A pattern for each character of a piece of a secret."""


def compiled(source: str) -> Any:
    """Return the compiled pattern."""
    options = re2.Options()
    options.max_mem = _PATTERN_MEMORY
    options.log_errors = False  # what is too large for its automaton is only slower
    return re2.compile(source, options)


def _forms(secret: str) -> Iterator[Form]:
    """Yield the pieces to look for."""
    for piece in _pieces(secret):
        yield tuple(map(_written, piece))
    data = secret.encode("utf-8", "replace")
    for before in range(3 if len(secret) >= SHORTEST else 1):
        # What stands before it shifts it by so many bytes; characters that its neighbours have a part in are left out.
        text = b64encode(b"\0" * before + data).decode()
        inner = text[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        for piece in _pieces(inner if len(secret) >= SHORTEST else text.rstrip("=")):
            yield tuple(map(_in_base64, piece))


def _seed(form: Form) -> str:
    """Return what is in every text with this piece: its middle, for beginnings such as https:// stand everywhere."""
    at = max(0, len(form) - _SEED) // 2
    return "".join(form[at : at + _SEED])


def _pieces(text: str) -> list[str]:
    """Cut a long text; the last piece is no shorter than the others."""
    count = max(1, len(text) // _PIECE)
    size = -(-len(text) // count)
    return [text[at : at + size] for at in range(0, len(text), size)]


def _in_base64(char: str) -> str:
    other = {"+": "-", "/": "_"}.get(char)  # RFC 4648, 5: the alphabet that is safe in URLs
    return f"(?:{other}|{_written(char)})" if other else char


_SHORT = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}  # after a backslash: JSON, Python, C


@lru_cache(maxsize=1024)
def _written(char: str) -> str:
    """Return a pattern for one character, however it is written. Repeated escapes are escapes of escapes."""
    if char.isascii() and char.isalnum():
        return char
    if char == "\\":
        return r"(?:\\+(?:u005[cC]|x5[cC])?|%(?:25)*5[cC]|&(?:amp;)*(?:#0*92|#[xX]0*5[cC]|bsol);)"
    code, data = ord(char), char.encode("utf-8", "replace")
    units = char.encode("utf-16-be", "replace")
    wide = "".join(rf"\\+u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
    percent = "".join(f"%(?:25)*{byte:02x}" for byte in data)
    octets = "".join(rf"\\+x{byte:02x}" for byte in data)
    name = {39: "apos", 43: "plus", 47: "sol", 61: "equals", 64: "commat"}.get(code) or codepoint2name.get(code)
    entity = "|".join((f"#0*{code}", f"#x0*{code:x}", *([name] if name else [])))
    forms = [
        rf"\\*{re.escape(char) if char.isascii() else char}",
        f"(?i:{wide}|{percent}|{octets}|&(?:amp;)*(?:{entity});)",
    ]
    if char == " ":
        forms.append(r"\+")
    if char in _SHORT:
        forms.append(rf"\\+{_SHORT[char]}")
    if char in "'\"":
        forms.append(char * 2)  # SQL, CSV
    if char == "'":
        forms.append(r"""'(?:\\+'|"'")'""")  # shells
    if not char.isascii() and code < 256:  # noqa: PLR2004 -- Latin-1, as Python and old URLs write it
        forms.append(rf"(?i:\\+x{code:02x}|%{code:02x})")
    if code > 0xFFFF:  # noqa: PLR2004 -- beyond the first plane Python and C write it with eight digits
        forms.append(rf"(?i:\\+U{code:08x}|\\+u\{{{code:x}\}})")
    return f"(?:{'|'.join(forms)})"
