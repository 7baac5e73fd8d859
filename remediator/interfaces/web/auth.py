"""Who is calling: a bearer token, or a basic-auth user with a bcrypt hash as in Prometheus' web file."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address

import bcrypt
from msgspec import Struct

REMEMBERED = 64  #: verified headers, so that bcrypt's cost is paid once each
#: Compared for unknown users, so that the same time passes. Not made at the start: that takes a tenth of a second.
_NOBODY = b"$2b$10$O9JKF7qKuRt5GTiWfiYSte2pYZWWu3Bry86VmhjPsruetCkbNszxq"


class Caller(Struct, frozen=True):
    """Somebody who has shown who they are."""

    name: str


class Credentials:
    """One set of credentials. Without any, everybody is let in as ``anonymous``."""

    def __init__(self, users: Mapping[str, str] | None = None, token: str = "") -> None:
        self._users = {name: value.encode() for name, value in (users or {}).items()}
        self._token = token.encode()
        self._verified: OrderedDict[bytes, Caller] = OrderedDict()

    @property
    def required(self) -> bool:
        """Whether anything is asked for."""
        return bool(self._users or self._token)

    async def caller(self, authorization: str) -> Caller | None:
        """Return who presents this ``Authorization`` header, or None. Takes the same time for any wrong one."""
        if not self.required:
            return Caller("anonymous")
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "bearer" and self._token:
            same = hmac.compare_digest(value.strip().encode("utf-8", "surrogateescape"), self._token)
            return Caller("token") if same else None
        if scheme.lower() == "basic" and self._users:
            return await self._basic(value)
        return None

    async def _basic(self, value: str) -> Caller | None:
        digest = hashlib.sha256(value.encode("utf-8", "surrogateescape")).digest()
        if digest in self._verified:
            self._verified.move_to_end(digest)
            return self._verified[digest]
        try:
            name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError:  # no base64, no UTF-8, or not even ASCII
            return None
        expected = self._users.get(name, _NOBODY)
        # bcrypt takes 72 bytes; a longer password is cut by every program that made the hash.
        right = await asyncio.to_thread(_matches, password.encode()[:72], expected)
        if not right or name not in self._users:
            return None
        caller = Caller(name)
        self._verified[digest] = caller
        if len(self._verified) > REMEMBERED:
            self._verified.popitem(last=False)
        return caller


def _matches(password: bytes, expected: bytes) -> bool:
    try:
        return bcrypt.checkpw(password, expected)
    except ValueError:  # a hash that is none lets nobody in
        return False


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether an address can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
