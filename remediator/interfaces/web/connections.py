"""Open connections, bounded in number and in how long nothing is heard from them.

Whoever can reach the port can open connections and say nothing. Beyond ``most`` the one that has been silent longest
makes room; where all are busy the new one is closed. A request's head must have come within ``idle`` seconds, too: that
is aiohttp's own timer, which runs from a connection's beginning and from each answer.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import OrderedDict
from typing import cast

import structlog
from aiohttp import web

log = structlog.get_logger("web")

BUSY = 1.0  #: seconds; who was heard from as lately as this is not closed for another
HANDSHAKE = 10.0  #: seconds for TLS to be agreed on
_TOLD_EVERY = 60.0  #: seconds between two lines of the log about it


class Door:
    """Makes a protocol for each connection, and knows which are open: the one silent longest first."""

    def __init__(self, server: web.Server, most: int) -> None:
        self._server, self._most = server, most
        self._loop = asyncio.get_running_loop()
        self._open: OrderedDict[_Connection, float] = OrderedDict()
        self._told = -_TOLD_EVERY
        self.closed = 0  #: connections closed because there were too many

    def __len__(self) -> int:
        return len(self._open)

    def __call__(self) -> _Connection:
        """Return the protocol for a new connection."""
        return _Connection(self, self._server())

    def opened(self, connection: _Connection) -> bool:
        """Count a connection. False: there is no room for it."""
        now = self._loop.time()
        if len(self._open) >= self._most:
            self._tell(now)
            silent, heard = next(iter(self._open.items()))
            if now - heard < BUSY:
                return False
            del self._open[silent]
            silent.abort()
        self._open[connection] = now
        return True

    def heard(self, connection: _Connection) -> None:
        """Something came."""
        if connection in self._open:
            self._open[connection] = self._loop.time()
            self._open.move_to_end(connection)

    def gone(self, connection: _Connection) -> None:
        """It is no longer open."""
        self._open.pop(connection, None)

    def _tell(self, now: float) -> None:
        self.closed += 1
        if now - self._told >= _TOLD_EVERY:
            self._told = now
            log.warning("as many connections are open as may be; silent ones are closed", most=self._most)


class _Connection(asyncio.Protocol):
    """One connection; what it says goes on to aiohttp."""

    def __init__(self, door: Door, inner: asyncio.Protocol) -> None:
        self._door, self._inner = door, inner
        self._transport: asyncio.Transport | None = None
        self._let_in = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._let_in = self._door.opened(self)
        if self._let_in:
            self._inner.connection_made(transport)
            # What is called most needs no detour.
            self.pause_writing, self.resume_writing = self._inner.pause_writing, self._inner.resume_writing  # type: ignore[method-assign]
        else:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._let_in:
            self._door.heard(self)
            self._inner.data_received(data)
            _end_unreadable(self._inner)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._let_in else None

    def connection_lost(self, exc: Exception | None) -> None:
        self._door.gone(self)
        if self._let_in:
            self._inner.connection_lost(exc)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _end_unreadable(inner: asyncio.Protocol) -> None:
    """Tell the handler that reads a body that what came is none, such as a chunk without a length.

    aiohttp's compiled parser tells only the next request of it, after this one: which would wait for its time-out.
    """
    waiting = getattr(inner, "_messages", ())
    if not waiting or getattr(waiting[-1][0], "exc", None) is None:
        return
    request = getattr(inner, "_current_request", None)
    body = waiting[-2][1] if len(waiting) > 1 else request.content if request is not None else None
    if body is not None and not body.is_eof():
        body.set_exception(web.RequestPayloadError("it is not in the encoding that was announced"))
        body.feed_eof()  # its rest is not waited for


class BoundedSite(web.SockSite):
    """Serves an application's runner on a listening socket through a ``Door``."""

    def __init__(
        self, runner: web.AppRunner, sock: socket.socket, most: int, *, ssl_context: ssl.SSLContext | None, backlog: int
    ) -> None:
        super().__init__(runner, sock, ssl_context=ssl_context, backlog=backlog)
        self._listening, self._tls, self._waiting = sock, ssl_context, backlog
        server = runner.server
        assert server is not None, "set the runner up first"  # noqa: S101 -- for the type checker
        self.door = Door(server, most)

    async def start(self) -> None:
        """Begin to accept."""
        await web.BaseSite.start(self)
        self._server = await asyncio.get_running_loop().create_server(
            self.door, sock=self._listening, ssl=self._tls, backlog=self._waiting,
            ssl_handshake_timeout=HANDSHAKE if self._tls else None,
        )  # fmt: skip
