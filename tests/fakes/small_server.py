"""Small servers on loopback for tests of what speaks HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Seen:
    """A running server and the requests it got."""

    url: str
    requests: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def backend(self) -> str:
        return "http/" + self.url.partition("://")[2]


@contextlib.asynccontextmanager
async def serve(answer: Answer | web.Response, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Seen]:
    """Answer every request by this function, or with copies of this response."""
    seen = Seen("")

    async def handle(request: web.Request) -> web.StreamResponse:
        seen.requests.append(request)
        seen.bodies.append(await request.read())
        if isinstance(answer, web.Response):
            return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
        return await answer(request)

    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        port = runner.addresses[0][1]
        seen.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        yield seen
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def serve_bytes(answer: bytes, *, hang: bool = False) -> AsyncIterator[Seen]:
    """Read a request's head, write these bytes whatever they are, and close (or hang)."""
    seen = Seen("")
    let_go = asyncio.Event()
    open_ones: set[asyncio.StreamWriter] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            seen.bodies.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            await writer.drain()
            if hang:
                await let_go.wait()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    seen.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield seen
    finally:
        let_go.set()
        server.close()
        for writer in open_ones:  # since Python 3.12 a server waits for those whom nobody has closed
            writer.transport.abort()
        await server.wait_closed()


@contextlib.asynccontextmanager
async def serve_nothing() -> AsyncIterator[int]:
    """Take connections and never say a word; return the port."""
    open_ones: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: open_ones.append(writer), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in open_ones:
            writer.transport.abort()
        await server.wait_closed()


async def closed_port() -> int:
    """Return a port on which nobody listens."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a server's TLS context with a new certificate for 127.0.0.1, and that certificate's file."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert
