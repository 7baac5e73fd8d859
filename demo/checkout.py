# ruff: noqa: INP001 -- the demo's scripts stand beside each other, they are no package
"""The service that breaks: a shop's checkout with a circuit breaker.

``GET /health`` and ``GET /metrics`` say how it is; ``POST /orders`` takes orders, unless it is broken.
``POST /admin/break`` breaks it, ``POST /admin/reset-breaker`` heals it a second later.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Self

from aiohttp import web

RECOVERS_AFTER = 1.0  #: seconds


class Checkout(AbstractAsyncContextManager["Checkout"]):
    """The running service. ``stubborn``: resetting the breaker does not help it."""

    def __init__(self, port: int, *, stubborn: bool = False) -> None:
        self.breaker, self.workers = "closed", 4
        self.resets = 0  #: how often somebody reset the breaker
        self.url = ""
        self._port, self._stubborn = port, stubborn
        self._recovering: asyncio.TimerHandle | None = None
        app = web.Application()
        app.add_routes([
            web.get("/health", self._health), web.get("/metrics", self._metrics), web.post("/orders", self._order),
            web.post("/admin/break", self._break), web.post("/admin/reset-breaker", self._reset),
            web.post("/admin/restart-workers", self._restart),
        ])  # fmt: skip
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)

    async def __aenter__(self) -> Self:
        """Serve on loopback."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Stop serving."""
        if self._recovering:
            self._recovering.cancel()
        await self._runner.cleanup()

    @property
    def healthy(self) -> bool:
        """Whether it takes orders."""
        return self.breaker == "closed"

    async def _health(self, _request: web.Request) -> web.Response:
        checks = {"circuit_breaker": self.breaker, "workers": self.workers}
        status = "healthy" if self.healthy else "failing"
        return web.json_response({"status": status, "checks": checks}, status=200 if self.healthy else 503)

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(text=f"checkout_breaker_open {int(not self.healthy)}\ncheckout_workers {self.workers}\n")

    async def _order(self, _request: web.Request) -> web.Response:
        if self.healthy:
            return web.json_response({"order": "accepted"}, status=201)
        return web.json_response({"order": "refused", "why": "the circuit breaker is open"}, status=503)

    async def _break(self, _request: web.Request) -> web.Response:
        if self._recovering:
            self._recovering.cancel()
        self.breaker = "open"
        return web.json_response({"circuit_breaker": self.breaker})

    async def _reset(self, _request: web.Request) -> web.Response:
        self.resets += 1
        if not self._stubborn:
            self._recovering = asyncio.get_running_loop().call_later(RECOVERS_AFTER, self._close)
        return web.json_response({"circuit_breaker": "closing"}, status=202)

    async def _restart(self, _request: web.Request) -> web.Response:
        self.workers = 4
        return web.json_response({"workers": self.workers})

    def _close(self) -> None:
        self.breaker = "closed"
