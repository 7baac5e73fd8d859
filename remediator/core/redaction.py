"""Hides secrets in text and in JSON trees, and bounds their size.

Used on outputs before they are stored, and once more before anything is sent. It hides what is
known to be secret by its shape (a JWT, an ``AKIA…`` key id), by the name in front of it
(``password=…``), or since it was read from a file of secrets. It is a net under the other rules,
not a reason to put a secret into an output. All patterns are RE2: time is linear in the text,
whatever the text is. Hiding twice changes nothing more. Too much is hidden rather than too little:
``token: expired`` loses its last word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import re2

from remediator.core.known_secrets import LONGEST_FORM, KnownSecrets, compiled

HIDDEN = "[hidden]"
TEXT_LIMIT = 20_000  #: characters
_STRADDLE = 4096  #: looked at beyond the limit, so that a secret which crosses it is still seen whole
_DEPTH = 16
_WORD_BITS = 64

#: Whatever a pattern below matches holds one of these: most text is passed on after this one look.
_SHAPES = (
    r"(?i:pass|pwd|secret|token|credential|"
    r"(?:api|access|private|signing|encryption|auth|account|shared|master)[_. -]?key|"
    r"authorization|cookie|bearer|masterauth|identified|://|\s-u[ \t=]|--user|eyJ|A[KSGIR][IPDO]A|"
    r"gh[a-z]_|github_pat|xox|xapp|glpat|sk-|AIza|slack\.com)"
)
_SUSPICIOUS = compiled(_SHAPES)
#: What files of secrets held, since the start. Process-wide, as the secrets are: every door of every output leads here.
_KNOWN = KnownSecrets(_SHAPES)
_NAME = (
    r"(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|credentials?|"
    r"(?:api|access|secret|private|signing|encryption|auth|account|shared|master|secret[_.-]?access)[_.-]?key|"
    r"access[_.-]?key[_.-]?id)"
)
#: Quoted, quoted with backslashes (JSON in a JSON string), or up to the next blank, quote or ``&``.
_VALUE = r"""(?:\\+"[^"]*"?|\\+'[^']*'?|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^\s"'][^\s"'&]*)"""
_SCHEME_WORDS = frozenset({"token", "tokens", "auth", "authentication", "authorization", "scheme", "realm", "error"})

_SECRET_NAME = re2.compile(r"(?i)(?:" + _NAME + r"|authorization|cookie)\W*\z")
_PRIVATE_KEY = re2.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)"
)
_SEPARATOR = r"""\\*["']?[ \t]*(?:=>|:=|[:=])[ \t]*"""
_SCHEME = r"""\\*["']?(?:(?:bearer|basic|digest|token)[ \t]+)?"""
_REST_OF_LINE = r"""[^\r\n"']+"""  # or of the quotes
_NO_BLANK = r"""[^\s/?#"'<>]"""

#: Each with what stays of it. The order counts: headers before the names that stand in them.
_PATTERNS = tuple(
    (re2.compile(pattern), left)
    for pattern, left in (
        (
            r"(?i)((?:proxy-)?authorization" + _SEPARATOR + _SCHEME + ")" + _REST_OF_LINE,
            r"\1" + HIDDEN,
        ),
        (r"(?i)((?:set-)?cookie" + _SEPARATOR + r"""\\*["']?)""" + _REST_OF_LINE, r"\1" + HIDDEN),
        # scheme://user:password@host (RFC 3986, 3.2.1). The second form has a raw "/" in the password;
        # host:port/path?mail=a@b is none, since a port has digits only.
        (
            r"""([A-Za-z][A-Za-z0-9+.-]*://[^\s/:@?#"'<>]*:)"""
            r"(?:" + _NO_BLANK + r"""*|[0-9]*[^0-9\s/?#"'<>@][^\s"'<>@]*)@""",
            r"\1" + HIDDEN + "@",
        ),
        (r"(hooks\.slack\.com/(?:services|workflows|triggers)/)[\w/-]+", r"\1" + HIDDEN),
        # {"name": "DB_PASSWORD", "value": "…"}, as Kubernetes lists variables
        (
            r'(?i)("name"\s*:\s*"[\w.-]*' + _NAME + r'"\s*,\s*"value"\s*:\s*)"(?:[^"\\]|\\.)*"?',
            r'\1"' + HIDDEN + '"',
        ),
        # --password value, requirepass value, curl -u user:password, SQL's PASSWORD 'value'
        (r"(?i)((?:--[\w-]*" + _NAME + r"|\brequirepass|\bmasterauth)[ \t]+)[^\s:=]\S*", r"\1" + HIDDEN),
        (r"(?i)((?:\s-u|--user)[ \t=]+[^\s:]+:)\S+", r"\1" + HIDDEN),
        (r"(?i)\b((?:password|identified by)[ \t]+)'(?:[^']|'')*'?", r"\1'" + HIDDEN + "'"),
        # Shapes: JWT (RFC 7519), AWS key ids, and tokens with their makers' prefixes
        (r"\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*", HIDDEN),
        (r"\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}\b", HIDDEN),
        (
            (
                r"\b(?:gh[a-z]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|xox[a-z]-[\w-]{8,}|xapp-[\w-]{8,}|"
                r"glpat-[\w-]{16,}|sk-[\w-]{16,}|AIza[\w-]{30,})"
            ),
            HIDDEN,
        ),
    )
)
#: name=value, name: value, "name": "value", name => value
_NAMED = re2.compile(r"(?i)([\w.-]*" + _NAME + _SEPARATOR + r")(" + _VALUE + r")")
_QUOTE = re2.compile(r"""\\*["']""")
_BEARER = re2.compile(r"(?i)\b(bearer[ \t]+)([\w.~+/=-]+)")


def is_suspicious(text: str) -> bool:
    """Whether text may hold a secret at all: one look, for much text at a time (serialised JSON, too)."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    if _KNOWN.hints_at(text.replace("\\n", " ").replace("\\t", " ")):
        return True
    return _KNOWN.with_escapes and _KNOWN.holds(text)


def redact(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return the text with its secrets hidden, of at most ``limit`` characters; says when it was cut."""
    seen = text[: limit + _STRADDLE]
    if not seen.isascii():
        # Half a surrogate pair cannot be encoded, for RE2 or for anybody else.
        seen = seen.encode("utf-8", "replace").decode("utf-8")
    beyond = max(0, len(text) - limit - _STRADDLE)
    if _KNOWN.hints_at(seen):
        if (hidden := _KNOWN.hide(seen, HIDDEN)) != seen:
            # It became shorter: the end, where one may be cut through, could come within the limit.
            seen, beyond = (hidden[:-LONGEST_FORM], beyond + LONGEST_FORM) if beyond else (hidden, 0)
        seen = _without_shapes(seen)
    return shorten(seen, limit, beyond=beyond)


def _without_shapes(seen: str) -> str:
    if _SUSPICIOUS.search(seen):
        seen = _PRIVATE_KEY.sub("[hidden private key]", seen)
        for pattern, left in _PATTERNS:
            seen = pattern.sub(left, seen)
        seen = _NAMED.sub(_named, seen)
        seen = _BEARER.sub(_bearer, seen)
    return seen


def learn_secret(secret: str) -> None:
    """Hide this secret from now on, however it is written; those of fewer than 8 characters are not taken."""
    _KNOWN.learn(secret)


def forget_secrets() -> None:
    """Forget what was learned: for a process that has done with whatever they open."""
    _KNOWN.forget()


def _named(found: Any) -> str:
    """Keep the name and the quotes around what is hidden."""
    value = str(found[2])
    quote = _QUOTE.match(value)
    opening = quote[0] if quote else ""
    closing = opening if opening and len(value) > len(opening) and value.endswith(opening) else ""
    return f"{found[1]}{opening}{HIDDEN}{closing}"


def _bearer(found: Any) -> str:
    """Keep "bearer token expired", hide "Bearer 4f8a…"."""
    return str(found[0]) if found[2].lower() in _SCHEME_WORDS else f"{found[1]}{HIDDEN}"


def shorten(text: str, limit: int, *, beyond: int = 0) -> str:
    """Return at most ``limit`` characters; a cut says how many are gone, ``beyond`` more included."""
    if len(text) <= limit and not beyond:
        return text
    mark = f"… ({len(text) + beyond - limit} more characters)"
    if len(mark) >= limit:
        return text[: max(limit - 1, 0)] + "…"[:limit]
    keep = limit - len(mark) - 2  # the mark's number may grow by a digit or two when room is made for it
    return f"{text[:keep]}… ({len(text) + beyond - keep} more characters)" if keep > 0 else text[: limit - 1] + "…"


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether what stands under this name (``dbPassword``, ``X-API-Key``) is to be hidden."""
    # Only its end counts.
    return _SECRET_NAME.search(name[-200:].encode("utf-8", "replace").decode("utf-8")) is not None


def redact_tree(value: Any, limit: int = TEXT_LIMIT) -> Any:
    """Return a JSON tree with its secrets hidden and of about ``limit`` characters, as new lists and dicts.

    Numbers, booleans and null keep their type. What is left out is said where it was: a list or a
    mapping ends with ``…``. Whatever is no JSON becomes text. True, false and null under a secret
    name are kept, they say only whether there is one.
    """
    return _Pruning(limit).prune(value, 0)


class _Pruning:
    """One walk over one tree, with what is left of its budget."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._left = limit

    def prune(self, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, (bool, int, float)):
            return self._scalar(value)
        if isinstance(value, (Mapping, list, tuple, set, frozenset)):
            self._left -= 2
            if depth >= _DEPTH:
                return "… (nested too deeply to keep)"
            return self._mapping(value, depth) if isinstance(value, Mapping) else self._list(value, depth)
        text = f"{len(value)} bytes" if isinstance(value, (bytes, bytearray)) else str(value)
        text = redact(text, max(self._left, 40))
        self._left -= len(text) + 2
        return text

    def _scalar(self, value: float | None) -> Any:
        self._left -= 20 if isinstance(value, int) and not isinstance(value, bool) else 8
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int) and value.bit_length() >= _WORD_BITS:
            return f"a whole number of {value.bit_length()} bits"
        if len(_KNOWN) and _KNOWN.hints_at(str(value)) and _KNOWN.holds(str(value)):
            return HIDDEN
        return int(value) if isinstance(value, int) else value

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        # {"name": "DB_PASSWORD", "value": …}: the name of the secret is itself a value.
        named = is_secret_name(str(value.get("name", value.get("key", "")) or "")) and "value" in value
        made: dict[str, Any] = {}
        for count, (key, item) in enumerate(value.items()):
            if self._left <= 0:
                made["…"] = f"{len(value) - count} more left out"
                break
            shown = redact(str(key), min(max(self._left, 40), 400))
            self._left -= len(shown) + 4
            secret = is_secret_name(str(key)) or (named and key == "value")
            if secret and item is not None and item != "" and not isinstance(item, bool):
                made[shown] = HIDDEN
                self._left -= len(HIDDEN)
            else:
                made[shown] = self.prune(item, depth + 1)
        return made

    def _list(self, value: Iterable[Any], depth: int) -> list[Any]:
        made: list[Any] = []
        items = list(value)
        for count, item in enumerate(items):
            if self._left <= 0:
                made.append(f"… {len(items) - count} more left out")
                break
            made.append(self.prune(item, depth + 1))
        return made
