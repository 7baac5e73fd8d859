"""Passwords against bcrypt hashes, bounded: bcrypt is slow by design, and whoever can connect can make us compute it.

One thread of its own computes it, so neither the loop nor the store's commits wait for it. What was found out is
remembered under a keyed digest, right and wrong apart, so that wrong ones cannot push right ones out (Prometheus'
exporter-toolkit remembers, too). One wrong password costs an address one try; who has none left is not listened to.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from hashlib import blake2b
from math import ceil

import bcrypt

from remediator.errors import RemediatorError

REMEMBERED = 128  #: right ones, and as many wrong ones
MOST_WAITING = 16  #: different passwords that wait to be looked at, in all
MOST_WAITING_PER_PEER = 4
TRIES = 20  #: wrong passwords in a row from one address
TRIES_PER_SECOND = 0.2  #: new tries afterwards
PEERS = 1024  #: addresses whose tries are counted; the one not heard of longest is forgotten

#: Compared for unknown users, so that the same time passes; ``%02d``: the cost, of one of the hashes that there are.
_NOBODY = b"$2b$%02d$O9JKF7qKuRt5GTiWfiYSte2pYZWWu3Bry86VmhjPsruetCkbNszxq"
_COST = slice(4, 6)


class TooManyTriesError(RemediatorError):
    """No password is looked at just now. ``own``: because of what came from the same address."""

    def __init__(self, *, own: bool) -> None:
        super().__init__("too many wrong passwords" if own else "too many passwords wait to be checked")
        self.own = own


class Passwords:
    """Users with their hashes, and what is known of passwords already."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self.users = {name: value.encode() for name, value in users.items()}
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._wrong: OrderedDict[bytes, None] = OrderedDict()
        self._looked_at: dict[bytes, asyncio.Future[bool]] = {}
        self._waiting: dict[str, int] = {}  #: by address
        self._spent: OrderedDict[str, tuple[float, float]] = OrderedDict()  #: tries, and when that was counted

    async def right(self, name: str, password: str, peer: str = "") -> bool:
        """Whether this is the user's password. Raise TooManyTriesError if that is not looked at just now."""
        # Both parts by their length first, so that no two pairs look alike.
        digest = blake2b(f"{len(name)}:{name}{password}".encode(), key=self._key, digest_size=32).digest()
        if digest in self._right:
            self._right.move_to_end(digest)
            return True
        if digest in self._wrong:
            self._wrong.move_to_end(digest)
            return False
        there = self._looked_at.get(digest)
        if there is None:
            self._let_in(peer)
            self._waiting[peer] = self._waiting.get(peer, 0) + 1
            there = self._looked_at[digest] = asyncio.ensure_future(self._look(digest, name, password, peer))
            there.add_done_callback(lambda _: self._looked_at.pop(digest, None))
        return await asyncio.shield(there)  # who goes away takes nothing from those who ask the same

    async def _look(self, digest: bytes, name: str, password: str, peer: str) -> bool:
        try:
            # bcrypt takes 72 bytes; a longer password is cut by every program that made the hash.
            expected = self.users.get(name) or self._nobody(name)
            cut = password.encode()[:72]
            same = await asyncio.get_running_loop().run_in_executor(_thread(), _matches, cut, expected)
        finally:
            self._waiting[peer] -= 1
            if not self._waiting[peer]:
                del self._waiting[peer]
        known = self._right if same and name in self.users else self._wrong
        known[digest] = None
        if len(known) > REMEMBERED:
            known.popitem(last=False)
        if known is self._wrong:
            self._spend(peer)
        return known is self._right

    def _let_in(self, peer: str) -> None:
        if ceil(self._tries_spent(peer)) + self._waiting.get(peer, 0) >= TRIES:
            raise TooManyTriesError(own=True)
        if len(self._looked_at) >= MOST_WAITING or self._waiting.get(peer, 0) >= MOST_WAITING_PER_PEER:
            raise TooManyTriesError(own=False)

    def _tries_spent(self, peer: str) -> float:
        spent, at = self._spent.get(peer, (0.0, 0.0))
        return max(0.0, spent - (asyncio.get_running_loop().time() - at) * TRIES_PER_SECOND)

    def _spend(self, peer: str) -> None:
        self._spent[peer] = (self._tries_spent(peer) + 1, asyncio.get_running_loop().time())
        self._spent.move_to_end(peer)
        if len(self._spent) > PEERS:
            self._spent.popitem(last=False)

    def _nobody(self, name: str) -> bytes:
        """Return a hash that nothing meets. A name gets the same cost each time, as if there were such a user."""
        costs = sorted(value[_COST] for value in self.users.values() if value[_COST].isdigit()) or [b"10"]
        chosen = costs[blake2b(name.encode(), key=self._key).digest()[0] % len(costs)]
        return _NOBODY % int(chosen)


@lru_cache(maxsize=1)
def _thread() -> ThreadPoolExecutor:
    """Return the one thread for it: bcrypt works without the interpreter's lock, and other cores are for the work."""
    return ThreadPoolExecutor(1, "bcrypt")


def _matches(password: bytes, expected: bytes) -> bool:
    try:
        return bcrypt.checkpw(password, expected)
    except ValueError:  # a hash that is none lets nobody in
        return False
