"""The service that remedies act on: it counts what arrives, and its state says whether it was helped."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Book:
    """What one story's service has seen.

    ``/effect/X`` (POST) helps X; ``/switch/X`` (PUT) does not; ``/look/X`` always answers 200;
    ``/check/X`` answers 200 once X was helped, 503 before.
    """

    arrivals: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  #: Idempotency-Key -> method path
    looks: dict[str, int] = field(default_factory=lambda: defaultdict(int))  #: name -> readings of /look/name
    helped: set[str] = field(default_factory=set)
    delay: Callable[[], float] = lambda: 0.0  #: seconds that a change takes, after it was counted
    gate: asyncio.Event | None = None  #: no change is answered before it is set
    silences: dict[str, dict[str, Any]] = field(default_factory=dict)  #: as an Alertmanager keeps them, by id

    def counts(self) -> dict[str, int]:
        """Return how often each step arrived."""
        return {key: len(came) for key, came in self.arrivals.items()}

    def posted(self, name: str) -> int:
        """Return how many POSTs came about this name, whatever their keys."""
        return sum(call == f"POST {name}" for came in self.arrivals.values() for call in came)


class Sink:
    """An HTTP server with a book per story: ``/<story>/effect/X``."""

    def __init__(self) -> None:
        self.books: dict[str, Book] = defaultdict(Book)
        self.port = 0

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Count first, answer then: what was sent has happened, whether the answer is heard or not."""
        _, story, what, name = request.path.split("/", 3)
        book = self.books[story]
        if what == "api":
            return await self.silence(request, book.silences, name.rpartition("/")[2])
        if request.method in ("POST", "PUT"):
            book.arrivals[request.headers["Idempotency-Key"]].append(f"{request.method} {name}")
            if what == "effect":
                book.helped.add(name)
            if wait := book.delay():
                await asyncio.sleep(wait)
            if book.gate is not None:
                await book.gate.wait()
        elif what == "look":
            book.looks[name] += 1
        elif what == "check" and name not in book.helped:
            return web.Response(status=503)
        return web.Response(text="done")


    async def silence(self, request: web.BaseRequest, kept: dict[str, dict[str, Any]], name: str) -> web.Response:
        """Answer as an Alertmanager that is asked to silence something."""
        if request.method == "POST":
            made = f"silence-{len(kept) + 1}"
            kept[made] = {**await request.json(), "id": made, "status": {"state": "active"}}
            return web.json_response({"silenceID": made})
        if request.method == "DELETE":
            kept[name]["status"] = {"state": "expired"}
            return web.json_response({})
        return web.json_response(list(kept.values()))


@contextlib.asynccontextmanager
async def open_sink() -> AsyncIterator[Sink]:
    """Serve on a port of the loopback."""
    sink = Sink()
    runner = web.ServerRunner(web.Server(sink.handle), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        sink.port = runner.addresses[0][1]
        yield sink
    finally:
        await runner.cleanup()


def slow(seed: int, most: float) -> Callable[[], float]:
    """Return a delay between nothing and so many seconds."""
    chance = random.Random(seed)
    return lambda: chance.uniform(0, most)
