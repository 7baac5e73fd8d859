"""Where actions arrive: records the time at which the action for each alert id comes in.

    sink.py [--port 9900] [--log FILE] [--save-bodies DIR] [--delay SECONDS]

Port 0 takes a free one; the first line of output names it. Ids are taken from, in this order: the
path ``/act/<id>[,<id>...]``; a JSON body ``{"id": ...}``; a body of Alertmanager's
(``alerts[].labels.aid``, else the fingerprint).

    GET /count   {"ids": n, "hits": n}
    GET /dump    {id: [t, ...]}, t in seconds of CLOCK_MONOTONIC: comparable within this machine
    POST /reset  forget everything
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

try:
    import uvloop
except ImportError:
    uvloop = None  # type: ignore[assignment]

OWN_PATHS = frozenset({"/count", "/dump", "/reset"})


@dataclass(slots=True)
class Arrivals:
    """What has arrived since the last reset."""

    log: TextIO | None = None
    bodies: Path | None = None  #: folder that every request is saved to
    delay: float = 0.0  #: seconds between an arrival and its answer: a slow action
    seen: dict[str, list[float]] = field(default_factory=dict)
    hits: int = 0
    saved: int = 0

    def record(self, ids: Sequence[str], at: float) -> None:
        """Note that these actions arrived."""
        for aid in ids:
            self.hits += 1
            self.seen.setdefault(aid, []).append(at)
            if self.log:
                self.log.write(f"{at:.6f} {aid}\n")

    def answer(self, path: str, head: str, body: bytes, at: float) -> bytes:
        """Deal with one request; return the body of its answer."""
        if path == "/count":
            return json.dumps({"ids": len(self.seen), "hits": self.hits}).encode()
        if path == "/dump":
            return json.dumps(self.seen).encode()
        if path == "/reset":
            self.seen.clear()
            self.hits = 0
        else:
            self.record(ids_of(path, body), at)
            self._save(head, body)
        return b'{"ok":true}'

    def _save(self, head: str, body: bytes) -> None:
        if self.bodies is None:
            return
        self.saved += 1
        (self.bodies / f"{self.saved:03d}.json").write_bytes(body)
        (self.bodies / f"{self.saved:03d}.headers.txt").write_text(head + "\n")


def ids_of(path: str, body: bytes) -> list[str]:
    """Return the alert ids that a request is about."""
    if path.startswith("/act/"):
        return [aid for aid in path[5:].partition("?")[0].split(",") if aid]
    try:
        document = json.loads(body)
    except ValueError:
        return []
    if not isinstance(document, dict):
        return []
    if "id" in document:
        return [str(document["id"])]
    return [alert.get("labels", {}).get("aid", alert.get("fingerprint", "?")) for alert in document.get("alerts", ())]


@dataclass(frozen=True, slots=True)
class Head:
    """What the start of a request says."""

    path: str
    length: int = 0
    close: bool = False
    chunked: bool = False
    waits: bool = False  #: the sender wants to hear "100 Continue"


def read_head(text: str) -> Head:
    """Read a request's first line and headers."""
    first, *lines = text.split("\r\n")
    _, path, version = (*first.split(" "), "", "")[:3]
    headers = {name.lower(): value.strip().lower() for name, _, value in (line.partition(":") for line in lines)}
    return Head(
        path,
        int(headers.get("content-length", "0")),
        version == "HTTP/1.0" or "close" in headers.get("connection", ""),
        "chunked" in headers.get("transfer-encoding", ""),
        "expect" in headers,
    )


def unchunk(raw: bytes) -> bytes:
    """Return the body that these chunks make."""
    body = b""
    while raw:
        size, _, raw = raw.partition(b"\r\n")
        count = int(size, 16)
        body += raw[:count]
        raw = raw[count + 2 :]
    return body


class Connection(asyncio.Protocol):
    """One connection; requests may come one behind the other. A bare protocol costs the least."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._waiting = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        at = time.monotonic()
        self._waiting += data
        while (end := self._waiting.find(b"\r\n\r\n")) >= 0:
            text = self._waiting[:end].decode("latin1")
            head = read_head(text)
            if head.waits and self._transport:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = self._body(head, end + 4)
            if body is None:
                return
            self._reply(head, self._arrivals.answer(head.path, text, body, at))
            if head.close:
                return

    def _body(self, head: Head, start: int) -> bytes | None:
        """Take the request out of what waits and return its body; None while some of it is missing."""
        if head.chunked:
            last = self._waiting.find(b"0\r\n\r\n", start)
            if last < 0:
                return None
            raw, self._waiting = self._waiting[start:last], self._waiting[last + 5 :]
            return unchunk(raw)
        end = start + head.length
        if len(self._waiting) < end:
            return None
        body, self._waiting = self._waiting[start:end], self._waiting[end:]
        return body

    def _reply(self, head: Head, body: bytes) -> None:
        head_line = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        answer = head_line % len(body) + body
        if self._arrivals.delay and head.path not in OWN_PATHS:
            asyncio.get_running_loop().call_later(self._arrivals.delay, self._send, answer, head.close)
        else:
            self._send(answer, head.close)

    def _send(self, answer: bytes, close: bool) -> None:
        if self._transport is None:
            return
        self._transport.write(answer)
        if close:
            self._transport.close()


async def serve(port: int, arrivals: Arrivals) -> None:
    """Serve until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(arrivals), "127.0.0.1", port, backlog=4096)
    bound = server.sockets[0].getsockname()[1]
    print(f"sink on 127.0.0.1:{bound} pid {os.getpid()}", flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=9900)
    parser.add_argument("--log", type=Path, help="append a line for every arrival")
    parser.add_argument("--save-bodies", type=Path, help="save every request into this folder")
    parser.add_argument("--delay", type=float, default=0, help="seconds from arrival to answer (a slow action)")
    options = parser.parse_args()
    if options.save_bodies:
        options.save_bodies.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as open_files:
        log = open_files.enter_context(options.log.open("a", buffering=1)) if options.log else None
        work = serve(options.port, Arrivals(log, options.save_bodies, options.delay))
        with contextlib.suppress(KeyboardInterrupt):
            (uvloop.run if uvloop else asyncio.run)(work)


if __name__ == "__main__":
    main()
