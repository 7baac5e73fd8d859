"""Bodies as they arrive: small ones all at once, the rest of large ones a few at a time.

Whoever announces a large body and sends little of it takes no place from others: a place is taken for what comes
after the first mebibyte, and is lost where nothing comes.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

LARGE = 1024 * 1024  #: bytes; beyond it a body is large
PLACES = 4  #: large bodies that arrive at the same time
SILENCE = 5.0  #: seconds in which more of a large body must come


class Arriving:
    """Reads bodies for one door."""

    def __init__(self, within: float) -> None:
        """``within``: seconds in which a body must have arrived, the wait for a place included."""
        self._within = within
        self._places = asyncio.Semaphore(PLACES)

    async def read(self, request: web.Request) -> bytes:
        """Return the body. Raise TimeoutError, HTTPRequestEntityTooLarge, or what answers.BROKEN_OFF names."""
        if request.content.is_eof():  # the usual case, and it needs no timer
            return await request.read()
        body = bytearray()
        async with asyncio.timeout(self._within):
            while len(body) <= LARGE:
                if not await _more(request, body):
                    return bytes(body)
            async with self._places:
                while True:
                    async with asyncio.timeout(SILENCE):
                        if not await _more(request, body):
                            return bytes(body)


async def _more(request: web.Request, body: bytearray) -> bool:
    """Take in what has come, waiting for it; return whether there may be more."""
    if chunk := await request.content.readany():
        body += chunk
    if len(body) > request.client_max_size:
        raise web.HTTPRequestEntityTooLarge(max_size=request.client_max_size, actual_size=len(body))
    return bool(chunk)
