"""The daemon's HTTP side as it is wired, on a loopback port, before a real store; what it takes in is noted."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import bcrypt
from aiohttp import web
from prometheus_client import CollectorRegistry

from remediator.core.alert import Notification
from remediator.engine.clock import SystemClock
from remediator.engine.path import Accepted
from remediator.interfaces.metrics import Metrics
from remediator.interfaces.web.api import Api
from remediator.interfaces.web.auth import Credentials
from remediator.interfaces.web.operate import Operate
from remediator.interfaces.web.server import Operators, make_application
from remediator.interfaces.web.webhook import Webhook
from remediator.store.sqlite import SqliteStore

NOBODY = Credentials()  #: everybody is let in
FORM = "application/x-www-form-urlencoded"


def hashed(password: str) -> str:
    """Return a hash that is quickly made."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


@dataclass
class Door:
    """An open door. ``taken``: the notifications that came in."""

    session: aiohttp.ClientSession
    url: str = ""
    port: int = 0
    taken: list[Notification] = field(default_factory=list)
    reloads: list[str] = field(default_factory=list)

    async def ask(
        self, method: str, path: str, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> int:
        """Return the status of the answer."""
        async with self.session.request(method, self.url + path, data=data, headers=headers) as answer:
            await answer.read()
            return answer.status


def make(
    door: Any, store: SqliteStore | None, senders: Credentials = NOBODY, operators: Operators = NOBODY, *,
    open_door: bool = False,
) -> web.Application:  # fmt: skip
    """Return the application before this store; it tells ``door`` what it takes in."""

    async def receive(arrived: Notification) -> Accepted:
        door.taken.append(arrived)
        return Accepted("n1", ())

    async def reject(*_: object) -> None:
        pass

    async def reload(who: str) -> str:
        door.reloads.append(who)
        return "reloaded"

    webhook = Webhook(receive, reject, senders, Metrics(), 10.0)
    operate = Operate(tuple, reload, CollectorRegistry())
    api = Api(store, SystemClock(), lambda *_: None, lambda _: None, lambda level: level)  # type: ignore[arg-type]
    return make_application(webhook, operate, api, operators, 1_000_000, open_door=open_door)


@contextlib.asynccontextmanager
async def opened(
    store: SqliteStore, senders: Credentials = NOBODY, operators: Operators = NOBODY, *, open_door: bool = False
) -> AsyncIterator[Door]:
    """Serve until the end of the block."""
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=aiohttp.ClientTimeout(total=15)) as session:
        door = Door(session)
        application = make(door, store, senders, operators, open_door=open_door)
        runner = web.AppRunner(application, access_log=None, auto_decompress=False)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            door.port = runner.addresses[0][1]
            door.url = f"http://127.0.0.1:{door.port}"
            yield door
        finally:
            await runner.cleanup()
