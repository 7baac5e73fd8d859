"""redis-py, imported at first use, with a reader that bounds what one answer may hold."""

from __future__ import annotations

import inspect
import ssl
from functools import cache
from typing import Any

from msgspec import Struct

from remediator.errors import PermanentError

ANSWER_LIMIT = 8 * 1024 * 1024  #: bytes in one answer


class Library(Struct, frozen=True):
    """What we take from redis-py."""

    connection: Any
    tls_connection: Any
    no_retry: Any
    parser: Any
    trusting: dict[str, Any]  #: the argument that has it trust what other clients do, see ``access.trusting``
    silent: dict[str, Any]  #: the argument that keeps it from telling the server its version (CLIENT SETINFO)
    errors: Any  #: the module of its exceptions


@cache
def library() -> Library:
    """Import redis-py, the first time; PermanentError names the extra when it is not installed."""
    try:
        from redis import exceptions  # noqa: PLC0415 -- imported late: start time counts
        from redis._parsers import _AsyncRESP2Parser  # noqa: PLC0415 -- see above
        from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection  # noqa: PLC0415 -- see above
        from redis.asyncio.retry import Retry  # noqa: PLC0415 -- see above
        from redis.backoff import NoBackoff  # noqa: PLC0415 -- see above
    except ImportError as error:
        raise PermanentError('redis actions need the extra "redis": pip install "remediator[redis]"') from error

    class BoundedParser(_AsyncRESP2Parser):
        """Reads RESP2 and gives up when one answer is longer than ``ANSWER_LIMIT``."""

        __slots__ = ("_left",)

        async def read_response(self, *args: Any, **kwargs: Any) -> Any:
            self._left = ANSWER_LIMIT
            return await super().read_response(*args, **kwargs)

        async def _read(self, length: int) -> bytes:
            # Asked before it is read: a hostile length must not be waited for.
            self._take(length)
            return await super()._read(length)

        async def _readline(self) -> bytes:
            line = await super()._readline()
            self._take(len(line) + 1)
            return line

        def _take(self, length: int) -> None:
            self._left -= length
            if length < 0 or self._left < 0:
                raise exceptions.InvalidResponse(f"more than {ANSWER_LIMIT} bytes in an answer, or a wrong length")

    named = inspect.signature(AbstractConnection.__init__).parameters
    silent: dict[str, Any] = (
        {"driver_info": None} if "driver_info" in named else {"lib_name": None, "lib_version": None}
    )
    excluded = "ssl_exclude_verify_flags"
    known = excluded in inspect.signature(SSLConnection.__init__).parameters
    trusting: dict[str, Any] = {excluded: [ssl.VERIFY_X509_STRICT]} if known else {}
    retry = lambda: Retry(NoBackoff(), 0)  # noqa: E731 -- it is named for the next line
    return Library(Connection, SSLConnection, retry, BoundedParser, trusting, silent, exceptions)
