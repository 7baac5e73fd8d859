"""Who is calling: a bearer token, or a basic-auth user with a bcrypt hash as in Prometheus' web file."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address

from msgspec import Struct

from remediator.interfaces.web.passwords import Passwords


class Caller(Struct, frozen=True):
    """Somebody who has shown who they are."""

    name: str


class Credentials:
    """One set of credentials. Without any, everybody is let in as ``anonymous``."""

    def __init__(self, users: Mapping[str, str] | None = None, token: str = "") -> None:
        self._passwords = Passwords(users or {})
        self._token = token.encode()

    @property
    def required(self) -> bool:
        """Whether anything is asked for."""
        return bool(self._passwords.users or self._token)

    async def caller(self, authorization: str, peer: str = "") -> Caller | None:
        """Return who presents this ``Authorization`` header, or None. Takes the same time for any wrong one.

        ``peer``: the address that it comes from. Raises TooManyTriesError where no password is looked at just now.
        """
        if not self.required:
            return Caller("anonymous")
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "bearer" and self._token:
            same = hmac.compare_digest(value.strip().encode("utf-8", "surrogateescape"), self._token)
            return Caller("token") if same else None
        if scheme.lower() == "basic" and self._passwords.users:
            return await self._basic(value, peer)
        return None

    async def _basic(self, value: str, peer: str) -> Caller | None:
        try:
            name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError:  # no base64, no UTF-8, or not even ASCII
            return None
        return Caller(name) if await self._passwords.right(name, password, peer) else None


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether an address can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
