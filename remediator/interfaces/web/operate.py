"""Prometheus' conventions (``/-/healthy``, ``/-/ready``, ``/-/reload``, ``/metrics``), and ``/health``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web
from msgspec import Struct
from prometheus_client import CollectorRegistry, generate_latest

from remediator.errors import ConfigurationError
from remediator.interfaces.web.answers import answer, problem


class Check(Struct, frozen=True):
    """One named check of ``/health``."""

    name: str
    ok: bool
    detail: str = ""
    vital: bool = False  #: without it nothing can be taken in


class Operate:
    """What load balancers, Prometheus and operators ask."""

    def __init__(
        self,
        checks: Callable[[], tuple[Check, ...]],
        reload: Callable[[str], Awaitable[str]],
        registry: CollectorRegistry,
    ) -> None:
        self._checks, self._reload, self._registry = checks, reload, registry
        self.ready = False

    async def healthy(self, _request: web.Request) -> web.Response:
        """The process answers."""
        return web.Response(text="remediator is healthy.\n")

    async def is_ready(self, _request: web.Request) -> web.Response:
        """It takes alerts in: everything vital works."""
        bad = [check for check in self._checks() if check.vital and not check.ok]
        if not self.ready or bad:
            return web.Response(status=503, text=f"not ready: {'; '.join(c.detail for c in bad) or 'starting'}\n")
        return web.Response(text="remediator is ready.\n")

    async def health(self, _request: web.Request) -> web.Response:
        """Named checks; ``degraded`` is still 200, for the process lives. ``/-/ready`` is what routing asks."""
        checks = self._checks()
        status = "healthy" if all(check.ok for check in checks) else "degraded"
        document = {
            "status": status,
            "checks": {check.name: {"ok": check.ok, "detail": check.detail} for check in checks},
        }
        return answer(document)

    async def reload(self, request: web.Request) -> web.Response:
        """Read the rule files again; bad ones leave the old table in place."""
        try:
            return web.Response(text=await self._reload(request.get("caller", "anonymous")) + "\n")
        except ConfigurationError as error:
            return problem(500, "Not reloaded", "the old rule table stays", problems=[str(p) for p in error.problems])

    async def metrics(self, _request: web.Request) -> web.Response:
        """Prometheus' text format."""
        return web.Response(
            body=generate_latest(self._registry), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )
