"""What a database holds, by the beginning of its keys' names: a sample, scaled to the whole."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence

from msgspec import Struct

from remediator.actions.redis.scan import Walk, count_of, memory, pages, shown
from remediator.actions.redis.server import Server

_MEASURED = 20  #: keys of a prefix whose memory is asked
_BATCH = 200
_LONGEST = 4096  #: bytes in a name whose key is measured
_KINDS = 2000  #: prefixes told apart while counting
OTHERS = "(others)"


class Prefix(Struct, frozen=True):
    """One prefix in the sample."""

    name: str
    seen: int  #: keys in the sample
    keys: int  #: estimated for the whole database
    bytes: int  #: estimated for the whole database


async def by_prefix(server: Server, walk: Walk, separator: str, depth: int) -> tuple[int, list[Prefix]]:
    """Return how many keys there are, and the prefixes, those that take most memory first."""
    total, seen, kept = await count_of(server), Counter[str](), defaultdict[str, list[bytes]](list)
    keys = set[int]()  # hashes: names can be long, and a collision only miscounts by one
    async for page in pages(server, walk):
        for key in page:
            if hash(key) in keys:
                continue
            keys.add(hash(key))
            name = prefix_of(key, separator, depth)
            name = name if name in seen or len(seen) < _KINDS else OTHERS
            seen[name] += 1
            _keep(kept[name], key, seen[name])
    factor = 1.0 if walk.complete or not keys else max(total / len(keys), 1.0)
    means = await _means(server, kept)
    made = [
        Prefix(name, count, round(count * factor), round(count * factor * means.get(name, 0)))
        for name, count in seen.items()
    ]
    return total, sorted(made, key=lambda prefix: (-prefix.bytes, prefix.name))


def prefix_of(key: bytes, separator: str, depth: int) -> str:
    """Return the first ``depth`` parts of a name, the separator at their end; the whole name has no prefix: ""."""
    parts = key.decode(errors="replace").split(separator, depth)
    kept = parts[:depth] if len(parts) > depth else parts[:-1]
    return shown("".join(part + separator for part in kept).encode())


def _keep(kept: list[bytes], key: bytes, count: int) -> None:
    """Keep a fair sample: the n-th key replaces one of those kept with the right probability."""
    if len(key) > _LONGEST:
        return
    if len(kept) < _MEASURED:
        kept.append(key)
    elif (place := random.randrange(count)) < _MEASURED:  # noqa: S311 -- a sample, no secret
        kept[place] = key


async def _means(server: Server, kept: dict[str, list[bytes]]) -> dict[str, float]:
    asked = [(name, key) for name, sample in kept.items() for key in sample]
    sizes = defaultdict[str, list[int]](list)
    for begin in range(0, len(asked), _BATCH):
        batch: Sequence[tuple[str, bytes]] = asked[begin : begin + _BATCH]
        for (name, _), size in zip(batch, await memory(server, [key for _, key in batch]), strict=True):
            sizes[name].append(size)
    return {name: sum(each) / len(each) for name, each in sizes.items()}
