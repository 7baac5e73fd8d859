"""Opening a WebSocket at an API server, asked for once and no more.

aiohttp sends a GET again by itself when the connection is lost before the answer; the command behind
the WebSocket would then be run twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

_LARGEST_MESSAGE = 1024 * 1024  # the kubelet sends 32 KiB at a time


def once(pool: aiohttp.ClientSession) -> aiohttp.ClientSession:
    """Return a session over the same connections that makes one request; a second raises ClientConnectionError."""
    asked: list[bool] = []

    class Once(aiohttp.ClientRequest):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            if asked:
                raise aiohttp.ClientConnectionError("it was closed before there was an answer, or leads elsewhere")
            asked.append(True)
            super().__init__(*args, **kwargs)

    return aiohttp.ClientSession(
        connector=pool.connector, connector_owner=False, trust_env=pool.trust_env, request_class=Once
    )


async def upgrade(
    session: aiohttp.ClientSession, client: Any, place: tuple[str, Sequence[tuple[str, str]]],
    headers: Mapping[str, str], protocols: Sequence[str],
) -> aiohttp.ClientWebSocketResponse:  # fmt: skip
    """Open a WebSocket at ``place`` (path and query), by the client's address, proxy and server name."""
    to = client.configuration
    named = {"server_hostname": to.tls_server_name} if to.tls_server_name else {}
    path, query = place
    socket: aiohttp.ClientWebSocketResponse = await session.ws_connect(
        to.host + path, params=list(query), protocols=protocols, headers=headers, max_msg_size=_LARGEST_MESSAGE,
        proxy=to.proxy or None, proxy_headers=to.proxy_headers or None, **named,
    )  # fmt: skip
    return socket
