"""URLs: who is asked is literal; a value is one path segment, or one part of the query.

Components: RFC 3986. ``.`` and ``..`` are refused as segments, since clients remove them (5.2.4),
also when written ``%2e``; so are empty segments, which many servers merge with their neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from remediator.core.escaping.pieces import Escapes, Pieces
from remediator.core.expressions.values import sound, text
from remediator.errors import RenderError, TemplateError

_AUTHORITY = re.compile(r"(?i:https?)://(?P<authority>[^/?#\s\\]+)(?P<end>[/?#]|\Z)")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]*")  # RFC 3986, 2.3
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\\]|%(?![0-9A-Fa-f]{2})")


def of_url(pieces: Pieces) -> Escapes:
    """Percent-encode for a URL. The scheme (http or https), user, host and port must be literal."""
    begin = _check_authority(pieces)
    for literal, start in zip(pieces.literals, pieces.starts, strict=True):
        if found := _FORBIDDEN.search(literal):
            raise TemplateError(_trouble(found.group()), start + found.start())
    if pieces.literals[-1][-1:].isspace():
        raise TemplateError(_trouble(" "), pieces.hole(len(pieces.literals) - 1) - 1)
    place, segment, with_values = "path", 0, set[int]()
    for index, literal in enumerate(pieces.literals):
        place, slashes = _after(place, literal[begin:] if index == 0 else literal)
        segment += slashes
        if index == len(pieces.literals) - 1:
            break
        if place == "fragment":
            raise TemplateError("a template after # never reaches the server", pieces.hole(index))
        if place == "path":
            with_values.add(segment)
    check = _segments_check(begin, frozenset(with_values)) if with_values else None
    return Escapes((_encoded,) * (len(pieces.literals) - 1), check)


def _check_authority(pieces: Pieces) -> int:
    """Return where the path begins."""
    first = pieces.literals[0]
    found = _AUTHORITY.match(first)
    if found is None:
        raise TemplateError("a URL begins with a literal http:// or https:// and a literal host", 0)
    if not found["end"] and len(pieces.literals) > 1:
        raise TemplateError("the host and the port of a URL must be literal; a template stands after the next /", 0)
    try:
        split = urlsplit(first[: found.end("authority")])
        sound_authority = bool(split.hostname) and split.port != 0 and found["authority"].count("@") <= 1
    except ValueError:
        sound_authority = False
    if not sound_authority:
        raise TemplateError("not a host and port", found.start("authority"))
    return found.end("authority")


def _trouble(what: str) -> str:
    if what == "%":
        return "% must be followed by two hexadecimal digits"
    if what == "\\":
        return "a backslash cannot stand in a URL; some clients read it as /"
    return "blanks at the ends and control characters cannot stand in a URL"


def _after(place: str, literal: str) -> tuple[str, int]:
    """Return the place after some literal text, and how many slashes of the path are in it."""
    path, rest = (literal, "") if place == "path" else ("", literal)
    if place == "path" and (found := re.search(r"[?#]", literal)):
        path, rest = literal[: found.start()], literal[found.start() :]
        place = "query"
    if "#" in rest:
        place = "fragment"
    return place, path.count("/")


def _encoded(value: object) -> str:
    written = text(value)
    if _UNRESERVED.fullmatch(written):
        return written
    if _CONTROL.search(written):
        raise RenderError("control characters cannot stand in a URL")
    return quote(sound(written), safe="")


def _segments_check(begin: int, with_values: frozenset[int]) -> Callable[[str], None]:
    def check(url: str) -> None:
        segments = url[begin:].partition("?")[0].partition("#")[0].split("/")
        for index in with_values:
            if segments[index].lower().replace("%2e", ".") in {"", ".", ".."}:
                raise RenderError(f'a path segment became "{segments[index]}": it must be neither empty nor . nor ..')

    return check
