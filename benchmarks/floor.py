"""The floor: the least program that does remediator's job durably. It is measured beside it.

    floor.py --port 9911 --sink http://127.0.0.1:9900 --store FILE

It stores a notification and a run for each alert before it answers, journals the step's beginning
before it calls the sink and its end after that. What it leaves out: rules, templates, guards,
verification, reports, metrics, logs, and taking up its work after a crash. The same libraries
(aiohttp, pydantic, SQLite with synchronous=FULL, uvloop) and the same disk as remediator's, so the
distance between the two is the price of everything that is left out here.

Statements that wait share a commit, made in a thread. There are two commits before the action: one
for the notification and its runs, one for the step's beginning.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from pydantic import BaseModel

try:
    import uvloop
except ImportError:
    uvloop = None  # type: ignore[assignment]

STEPS_AT_ONCE = 32
SCHEMA = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "CREATE TABLE IF NOT EXISTS notification (id INTEGER PRIMARY KEY, body BLOB)",
    "CREATE TABLE IF NOT EXISTS run (id TEXT PRIMARY KEY, status TEXT, plan TEXT, updated REAL)",
    "CREATE TABLE IF NOT EXISTS step (run TEXT, position INT, status TEXT, output TEXT, PRIMARY KEY (run, position))",
)
PLAN = '{"steps":["http.request"]}'


class Alert(BaseModel):
    """One alert of a notification."""

    status: str
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    startsAt: str  # noqa: N815 -- Alertmanager's name
    endsAt: str  # noqa: N815 -- Alertmanager's name
    generatorURL: str = ""  # noqa: N815 -- Alertmanager's name
    fingerprint: str


class Notification(BaseModel):
    """A webhook's body."""

    version: str
    groupKey: str  # noqa: N815 -- Alertmanager's name
    truncatedAlerts: int = 0  # noqa: N815 -- Alertmanager's name
    status: str
    receiver: str
    alerts: list[Alert]


class Store:
    """Statements that wait go into one transaction; its commit answers all of them."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for statement in SCHEMA:
            self._db.execute(statement)
        self._thread = ThreadPoolExecutor(1)
        self._waiting: list[tuple[str, tuple[Any, ...], asyncio.Future[None]]] = []
        self._wake = asyncio.Event()

    def write(self, sql: str, *values: Any) -> asyncio.Future[None]:
        """Have a statement executed; the future is done after its commit."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((sql, values, done))
        self._wake.set()
        return done

    async def work(self) -> None:
        """Commit what waits, again and again."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await loop.run_in_executor(self._thread, self._commit, batch)
                for _, _, done in batch:
                    if not done.done():
                        done.set_result(None)

    def _commit(self, batch: list[tuple[str, tuple[Any, ...], asyncio.Future[None]]]) -> None:
        by_statement: dict[str, list[tuple[Any, ...]]] = {}
        for sql, values, _ in batch:
            by_statement.setdefault(sql, []).append(values)
        self._db.execute("BEGIN IMMEDIATE")
        for sql, rows in by_statement.items():
            self._db.executemany(sql, rows)
        self._db.execute("COMMIT")


class Floor:
    """Receives, stores, answers, acts."""

    def __init__(self, store: Store, session: aiohttp.ClientSession, sink: str) -> None:
        self._store, self._session, self._sink = store, session, sink
        self._places = asyncio.Semaphore(STEPS_AT_ONCE)
        self._running: set[asyncio.Task[None]] = set()

    async def receive(self, request: web.Request) -> web.Response:
        """Answer a notification when it is on the disk; then act on its alerts."""
        body = await request.read()
        notification = Notification.model_validate_json(body)
        stored = self._store.write("INSERT INTO notification (body) VALUES (?)", body)
        for alert in notification.alerts:
            stored = self._store.write(
                "INSERT OR IGNORE INTO run VALUES (?,?,?,?)", run_of(alert), "queued", PLAN, time.monotonic()
            )
        await stored  # the last statement's commit holds, or comes after, all before it
        for alert in notification.alerts:
            task = asyncio.create_task(self._act(alert))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return web.Response()

    async def _act(self, alert: Alert) -> None:
        run = run_of(alert)
        async with self._places:
            await self._store.write("INSERT OR REPLACE INTO step VALUES (?,?,?,?)", run, 0, "started", "")
            async with self._session.post(f"{self._sink}/act/{alert.labels['aid']}") as answer:
                await answer.read()
            self._store.write("INSERT OR REPLACE INTO step VALUES (?,?,?,?)", run, 0, "done", str(answer.status))
            self._store.write("UPDATE run SET status = ?, updated = ? WHERE id = ?", "done", time.monotonic(), run)


def run_of(alert: Alert) -> str:
    """Return the id of the run that an alert starts: a resend starts no other."""
    return alert.fingerprint + alert.startsAt


async def serve(port: int, sink: str, path: Path) -> None:
    """Serve until the process is ended."""
    store = Store(path)
    working = asyncio.create_task(store.work())
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100)) as session:
        floor = Floor(store, session, sink)
        application = web.Application(client_max_size=1 << 26)
        application.router.add_post("/webhook", floor.receive)
        application.router.add_get("/-/ready", ready)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await working


async def ready(_request: web.Request) -> web.Response:
    """It answers."""
    return web.Response()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--sink", required=True)
    parser.add_argument("--store", type=Path, required=True)
    options = parser.parse_args()
    (uvloop.run if uvloop else asyncio.run)(serve(options.port, options.sink, options.store))


if __name__ == "__main__":
    main()
