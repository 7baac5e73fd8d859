"""A server on loopback that answers whatever is asked with the same bytes, right or wrong."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Serve it until the end of the block; yield the address."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(5)
            _read(self.request)
            with contextlib.suppress(OSError):
                self.request.sendall(answer)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def said(body: bytes, *, status: str = "200 OK", kind: str = "application/json", length: str = "") -> bytes:
    """Return an answer with this body; ``length``: another than it has."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length or len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body


def chunked(chunks: bytes, *, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """Return an answer whose body is in chunks, as they are given."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    return head.encode() + chunks


def _read(connection: socket.socket) -> None:
    """Read a request: its head, then as much as it says."""
    text = b""
    with contextlib.suppress(OSError):
        while b"\r\n\r\n" not in text:
            more = connection.recv(65536)
            if not more:
                return
            text += more
        head, _, body = text.partition(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        missing = int(lengths[0]) - len(body) if lengths else 0
        while missing > 0 and (more := connection.recv(65536)):
            missing -= len(more)
