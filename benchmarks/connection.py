"""A keep-alive HTTP/1.1 connection that costs little: the load generator must not be what is measured."""

from __future__ import annotations

import asyncio
import urllib.parse


class Connection:
    """One keep-alive HTTP/1.1 connection, opened when it is first needed."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes, timeout: float) -> tuple[int, bytes]:
        """Send one request, return status and body. The connection is given up on any error."""
        try:
            async with asyncio.timeout(timeout):
                return await self._ask(request)
        except BaseException:
            self.close()
            raise

    async def _ask(self, request: bytes) -> tuple[int, bytes]:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port, limit=1 << 24)
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head[9:12])
        body = await self._body(self._reader, head, status)
        if b"connection: close" in head:
            self.close()
        return status, body

    async def _body(self, reader: asyncio.StreamReader, head: bytes, status: int) -> bytes:
        if b"transfer-encoding: chunked" in head:
            return await _chunks(reader)
        at = head.find(b"content-length:")
        if at >= 0:
            length = int(head[at + 15 : head.find(b"\r", at)])
            return await reader.readexactly(length) if length else b""
        if status in (204, 304):
            return b""
        body = await reader.read()
        self.close()
        return body

    def close(self) -> None:
        """Let go of it; the next request opens another."""
        if self._writer:
            self._writer.close()
        self._reader = self._writer = None


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        size = int(await reader.readuntil(b"\r\n"), 16)
        chunk = await reader.readexactly(size + 2)
        if size == 0:
            return body
        body += chunk[:-2]


async def ask(url: str, *, method: str = "GET", timeout: float = 5.0) -> tuple[int, bytes]:
    """Ask once on a connection of its own."""
    split = urllib.parse.urlsplit(url)
    connection = Connection(split.hostname or "", split.port or 80)
    first = f"{method} {split.path or '/'} HTTP/1.1"
    lines = (first, f"Host: {split.netloc}", "Content-Length: 0", "Connection: close", "", "")
    try:
        return await connection.ask("\r\n".join(lines).encode(), timeout)
    finally:
        connection.close()
