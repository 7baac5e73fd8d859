"""The largest keys: SCAN and MEMORY USAGE, bounded by count and time."""

from __future__ import annotations

import heapq
from time import perf_counter

from remediator.actions.redis.scan import Walk, memory, pages
from remediator.actions.redis.server import Server

_BATCH = 200


async def largest(server: Server, walk: Walk, *, pattern: str, min_bytes: int, top: int) -> list[tuple[int, bytes]]:
    """Return (bytes, key) of at most ``top`` keys of at least ``min_bytes``, the largest first."""
    until, found = perf_counter() + walk.seconds, dict[bytes, int]()
    async for page in pages(server, walk, pattern):
        for begin in range(0, len(page), _BATCH):
            if perf_counter() >= until:
                walk.complete = False
                return _first(found, top)
            batch = page[begin : begin + _BATCH]
            sizes = zip(batch, await memory(server, batch), strict=True)
            found |= {key: size for key, size in sizes if size >= min_bytes}
        if len(found) > _BATCH + 2 * top:
            found = {key: size for size, key in _first(found, top)}
    return _first(found, top)


def _first(found: dict[bytes, int], top: int) -> list[tuple[int, bytes]]:
    return heapq.nlargest(top, ((size, key) for key, size in found.items()))
