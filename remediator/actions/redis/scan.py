"""Walks over keys with SCAN, bounded by count and time. SCAN blocks the server for one small page at a time.

SCAN returns each key that exists all the while at least once, maybe more often (its documentation);
what begins or ends in between may be seen or not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from time import perf_counter
from typing import Any

from msgspec import Struct

from remediator.actions.answers.reading import excerpt
from remediator.actions.redis.connection import fits
from remediator.actions.redis.server import Server, items, words
from remediator.errors import PermanentError

PAGE = 1000  #: keys that one SCAN looks at
_NAME = 120  #: characters of a key's name that are shown


class Walk(Struct):
    """How far a walk may go, and how far it went."""

    keys: int  #: at most so many keys are looked at
    seconds: float  #: and for so long
    seen: int = 0
    complete: bool = False  #: whether the whole database was seen


async def pages(server: Server, walk: Walk, pattern: str = "") -> AsyncIterator[list[bytes]]:
    """Yield pages of keys; with a pattern those that match it. ``walk`` tells the end."""
    until, cursor = perf_counter() + walk.seconds, b"0"
    match: Sequence[str] = ("MATCH", pattern) if pattern else ()
    while walk.seen < walk.keys and perf_counter() < until:
        count = min(PAGE, walk.keys - walk.seen)
        answer = items(await server.ask("SCAN", cursor, *match, "COUNT", count))
        if len(answer) != 2 or not isinstance(answer[0], bytes):  # noqa: PLR2004 -- a cursor and a page
            raise PermanentError(f"{server.place} answers SCAN with what is no page of keys")
        cursor = answer[0]
        walk.seen += max(count, len(items(answer[1])))
        keys = [key for key in items(answer[1]) if isinstance(key, bytes)]
        # The server's word is not enough where something is deleted by it.
        yield [key for key in keys if fits(pattern, key)] if pattern else keys
        if cursor == b"0":
            walk.complete = True
            return


async def memory(server: Server, keys: Sequence[bytes]) -> list[int]:
    """Return the bytes that keys take (an estimate for large collections); 0 for those that are gone."""
    answers = await server.ask_each([("MEMORY", "USAGE", key, "SAMPLES", 5) for key in keys])
    return [answer if isinstance(answer, int) else 0 for answer in answers]


async def count_of(server: Server) -> int:
    """Return how many keys the database has."""
    answer: Any = await server.ask("DBSIZE")
    if not isinstance(answer, int):
        raise PermanentError(f"{server.place} answers DBSIZE with what is no number: {words(answer)}")
    return answer


def shown(key: bytes) -> str:
    """Return a key's name for people, at most 120 characters."""
    return excerpt(key.decode(errors="replace"), _NAME)
