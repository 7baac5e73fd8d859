"""Makes what a backend wrote safe to keep: bounded, printable, shallow."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any

import aiohttp
import orjson
import re2
from pydantic import AfterValidator

EXCERPT = 4096  #: characters of a body that are kept
DEPTH = 32  #: levels of lists and mappings in a JSON answer
PATTERN_LIMIT = 1000  #: characters in a regex

# Terminals and pages obey control characters; tab and line feed are harmless.
_UNPRINTABLE = dict.fromkeys((*range(9), *range(0x0B, 0x20), *range(0x7F, 0xA0)), "\ufffd") | {0x0D: None}
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False  # the pattern may hold what a label said


async def read_body(response: aiohttp.ClientResponse, limit: int) -> tuple[bytes, bool]:
    """Return at most ``limit`` bytes of the body, and whether there was more (then the connection is closed)."""
    content, body = response.content, bytearray()
    while len(body) <= limit:
        piece = await content.read(limit + 1 - len(body))
        if not piece:
            return bytes(body), False
        body += piece
    response.close()
    return bytes(body[:limit]), True


def printable(data: bytes) -> str:
    """Return text; what is not UTF-8 and control characters other than tab and line feed become U+FFFD."""
    return data.decode(errors="replace").translate(_UNPRINTABLE)


def excerpt(text: str, limit: int = EXCERPT) -> str:
    """Return the beginning of a text, printable, marked when it was cut."""
    cut = text[:limit].translate(_UNPRINTABLE)
    return cut if len(text) <= limit else f"{cut[: limit - 1]}…"


def document(body: bytes) -> Any:
    """Return the JSON value in a body. Raise ValueError when it is not JSON or deeper than 32 levels."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        # Not chained: the foreign error carries the whole body.
        raise ValueError("the answer is not JSON") from None
    level = [value]
    for _ in range(DEPTH + 1):
        level = [child for item in level if isinstance(item, (dict, list)) for child in _children(item)]
        if not level:
            return value
    raise ValueError(f"the answer's JSON is deeper than {DEPTH} levels")


def _children(item: dict[str, Any] | list[Any]) -> Any:
    return item.values() if isinstance(item, dict) else item


def _compiles(pattern: str) -> str:
    if len(pattern) > PATTERN_LIMIT:
        raise ValueError(f"the regex has more than {PATTERN_LIMIT} characters")
    try:
        _compiled(pattern)
    except (re2.error, UnicodeEncodeError) as error:
        raise ValueError("RE2 cannot read the regex") from error
    return pattern


Regex = Annotated[str, AfterValidator(_compiles)]
"""A regex as RE2 reads it; it must match the whole text."""


def matches_whole(pattern: str, text: str) -> bool:
    """Whether the regex matches the whole text; text that is not Unicode matches nothing."""
    try:
        return _compiled(pattern).fullmatch(text) is not None
    except UnicodeEncodeError:
        return False


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern, _OPTIONS)
