"""Put the handlers under their paths, and the operator's door before all that is not the webhook's or a probe's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from aiohttp import web

from remediator.interfaces.web.answers import problem
from remediator.interfaces.web.api import Api
from remediator.interfaces.web.auth import Caller, is_loopback
from remediator.interfaces.web.operate import Operate
from remediator.interfaces.web.webhook import Webhook

OPEN = frozenset({"/-/healthy", "/-/ready", "/health", "/health/live", "/health/ready"})
WEBHOOK = frozenset({"/api/v1/alertmanager", "/webhook"})


class Operators(Protocol):
    """Who may do an operator's work."""

    @property
    def required(self) -> bool:
        """Whether anybody has to log in."""

    async def caller(self, authorization: str) -> Caller | None:
        """Return who presents this ``Authorization`` header, or None."""


def make_application(
    webhook: Webhook, operate: Operate, api: Api, operators: Operators, middlewares: Sequence[Any], max_body: int,
    prefix: str = "/", *, open_door: bool = False,
) -> web.Application:  # fmt: skip
    """Return the aiohttp application.

    ``prefix`` stands before every path. ``open_door``: somebody before us asks for the log-in.
    """
    root = "/" + prefix.strip("/") if prefix.strip("/") else ""

    @web.middleware
    async def door(request: web.Request, handler: Any) -> web.StreamResponse:
        path = request.path[len(root) :]
        asked = webhook.required if path in WEBHOOK else operators.required
        if path not in OPEN and not asked and not open_door and _from_elsewhere(request):
            return problem(403, "Forbidden", "call it by localhost and not from a page, or ask for a log-in")
        if path not in OPEN and path not in WEBHOOK:
            caller = await operators.caller(request.headers.get("Authorization", ""))
            if caller is None:
                return problem(401, "Unauthorized", "log in as an operator (basic_auth_users of the web file)")
            request["caller"] = caller.name
        response: web.StreamResponse = await handler(request)
        return response

    application = web.Application(client_max_size=max_body, middlewares=[door, *middlewares])
    routes = [
        *(web.post(path, webhook.handle) for path in sorted(WEBHOOK)),
        web.get("/-/healthy", operate.healthy),
        web.get("/-/ready", operate.is_ready),
        web.post("/-/reload", operate.reload),
        web.put("/-/reload", operate.reload),
        web.get("/health", operate.health),
        web.get("/health/live", operate.healthy),
        web.get("/health/ready", operate.is_ready),
        web.get("/metrics", operate.metrics),
        *api.routes(),
    ]
    application.add_routes([web.RouteDef(r.method, root + r.path, r.handler, r.kwargs) for r in routes])
    return application


def _from_elsewhere(request: web.Request) -> bool:
    """Whether a page in somebody's browser may be behind it: by a name that it made up, or from another origin."""
    origin = request.headers.get("Origin", "")
    return (
        not is_loopback(_host(request)) or request.headers.get("Sec-Fetch-Site", "none") == "cross-site" or bool(origin)
    )


def _host(request: web.Request) -> str:
    host = request.host
    return host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
