"""``POST /api/v1/alertmanager`` and ``/webhook``: stored first, answered then.

202 with ids; 400 for what can never become right (kept in ``rejected``); 401; 413; 503 when it
cannot be stored, comes too slowly, or no password is looked at just now: Alertmanager sends that again, and nothing
that was answered 4xx. No input is answered 500.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Protocol

import structlog
from aiohttp import web

from remediator.core.alert import Notification
from remediator.engine.path import Accepted, BacklogFullError
from remediator.errors import NotificationError, StoreError
from remediator.interfaces.alertmanager import read_notification
from remediator.interfaces.web.answers import BROKEN_OFF, answer, broken_off, problem, too_slow, unheard
from remediator.interfaces.web.arriving import LARGE, Arriving
from remediator.interfaces.web.auth import Credentials
from remediator.interfaces.web.passwords import TooManyTriesError

log = structlog.get_logger("receive")

MOST_IDS = 1000


class Received(Protocol):
    """Counts notifications; metrics."""

    def received(self, code: int, alerts: int, truncated: int) -> None:
        """A request was answered so."""


class Webhook:
    """The receiving end of Alertmanager's webhook."""

    def __init__(
        self, receive: Callable[[Notification], Awaitable[Accepted]],
        reject: Callable[[str, str, bytes], Awaitable[None]], credentials: Credentials, counts: Received,
        read_timeout: float = 60.0,
    ) -> None:  # fmt: skip
        """``read_timeout``: seconds in which a body must have arrived."""
        self._within = read_timeout
        self._arriving = Arriving(read_timeout)
        self._receive, self._reject, self._credentials, self._counts = receive, reject, credentials, counts
        self.stopping = False
        self._large = asyncio.Lock()  # one is taken in at a time: it costs many times its size in memory

    @property
    def required(self) -> bool:
        """Whether senders have to show who they are."""
        return self._credentials.required

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one notification."""
        arrived: Notification | None = None
        try:
            authorization = request.headers.get("Authorization", "")
            if await self._credentials.caller(authorization, request.remote or "") is None:
                response = problem(401, "Unauthorized", "present the webhook's bearer token or basic-auth user")
            elif request.headers.get("Content-Encoding", "identity") != "identity":
                response = problem(415, "Unsupported Media Type", "send the body without a Content-Encoding")
            elif self.stopping:
                response = problem(503, "Stopping", "this process is about to end; send it again")
            else:
                arrived, response = await self._read(request)
        except TooManyTriesError as error:
            response = unheard(error, again=True)
        except web.HTTPRequestEntityTooLarge:
            response = problem(413, "Content Too Large", f"the limit (web.max_body) is {request.client_max_size} bytes")
        self._counts.received(
            response.status, len(arrived.alerts) if arrived else 0, arrived.truncated if arrived else 0
        )
        return response

    def turned_away(self, response: web.Response) -> web.Response:
        """Count a request that was answered before anything of it was looked at."""
        self._counts.received(response.status, 0, 0)
        return response

    async def _read(self, request: web.Request) -> tuple[Notification | None, web.Response]:
        try:
            body = await self._arriving.read(request)
        except TimeoutError:
            return None, too_slow(self._within, again=True)
        except BROKEN_OFF as error:
            log.debug("a body broke off, or is none", reason=str(error))
            return None, broken_off()
        async with nullcontext() if len(body) <= LARGE else self._large:
            return await self._take(body)

    async def _take(self, body: bytes) -> tuple[Notification | None, web.Response]:
        try:
            arrived = read_notification(body)
        except NotificationError as error:
            log.warning("a notification can never become right", field=error.field, error=error.message)
            try:
                await self._reject(error.field, error.message, body)
            except StoreError as refused:
                log.warning("the rejected body could not be kept", error=str(refused))
            return None, problem(400, "Bad Request", error.message, field=error.field)
        if arrived.truncated:
            log.warning("alerts were left out by Alertmanager; set max_alerts: 0", truncated=arrived.truncated,
                        group_key=arrived.group_key[:200])  # fmt: skip
        try:
            accepted = await self._receive(arrived)
        except BacklogFullError as error:
            return arrived, problem(503, "Backlog full", str(error))
        except StoreError as error:
            log.error("a notification could not be stored", error=str(error))
            return arrived, problem(503, "Not stored", str(error))
        runs = list(accepted.runs[:MOST_IDS])
        return arrived, answer({"status": "accepted", "notification": accepted.notification, "runs": runs}, 202)
