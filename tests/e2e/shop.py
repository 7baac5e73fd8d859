"""A service that breaks and can be told to recover, and the rules about it.

``GET /health`` answers 503 with ``{"checks": {"circuit_breaker": "open"}}`` while it is broken.
``POST /admin/<anything>`` is noted in ``changes``; it heals when ``<anything>`` is in ``heals``.
"""

from __future__ import annotations

import asyncio
from typing import Any, Self

from aiohttp import web


class Shop:
    """The service. A path in ``gates`` is answered only when its event is set."""

    def __init__(self) -> None:
        self.broken = True
        self.heals = {"reset-breaker"}
        self.changes: list[str] = []  #: admin calls as they arrived
        self.keys: list[str] = []  #: their Idempotency-Key headers
        self.gates: dict[str, asyncio.Event] = {}
        self.arrived = asyncio.Event()  #: set by each admin call
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/health", self._health)
        app.router.add_post("/admin/{what}", self._admin)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_error: object) -> None:
        for gate in self.gates.values():
            gate.set()
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def connections(self) -> dict[str, Any]:
        """The daemon's configuration of this service."""
        return {"http": {"shop": {"base_url": self.url}}}

    async def _health(self, _request: web.Request) -> web.Response:
        state = "open" if self.broken else "closed"
        return web.json_response({"checks": {"circuit_breaker": state}}, status=503 if self.broken else 200)

    async def _admin(self, request: web.Request) -> web.Response:
        what = request.match_info["what"]
        self.changes.append(what)
        self.keys.append(request.headers.get("Idempotency-Key", ""))
        self.arrived.set()
        if gate := self.gates.get(what):
            await gate.wait()
        if what in self.heals:
            self.broken = False
        return web.json_response({"done": what})


def remedy(what: str, **more: Any) -> dict[str, Any]:
    """A remedy of one admin call."""
    return {"name": what, "steps": [{"http.request": {"connection": "shop", "path": f"/admin/{what}"}}]} | more


def shop_rules(
    *remedies: dict[str, Any], mode: str = "auto", within: str = "5s", guide: dict[str, Any] | None = None, **rule: Any
) -> dict[str, Any]:
    """Rules for the alert ShopDown: look at /health, reset the breaker (or ``remedies``), look again."""
    health = {"connection": "shop", "path": "/health"}
    return {
        "rules": [{"name": "shop", "match": 'alertname = "ShopDown"', "guide": "shop", "mode": mode} | rule],
        "guides": {
            "shop": {
                "summary": "The shop does not answer",
                "target": "http/shop",
                "diagnose": [
                    {"id": "health", "http.probe": health | {"json": {"path": "$.checks.circuit_breaker"}}},
                ],
                "remedies": list(remedies) or [remedy("reset-breaker", when="steps.health.value == 'open'")],
                "verify": {"within": within, "interval": "100ms", "all": [{"http.probe": health}]},
                "escalate": "sev-2",
            }
            | (guide or {}),
        },
    }
