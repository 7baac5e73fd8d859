"""Put the handlers under their paths, and the operator's door before all that is not the webhook's or a probe's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from aiohttp import web

from remediator.interfaces.web.answers import body_of, problem, too_slow, unheard
from remediator.interfaces.web.api import Api, translated
from remediator.interfaces.web.auth import Caller, is_loopback
from remediator.interfaces.web.operate import Operate
from remediator.interfaces.web.passwords import TooManyTriesError
from remediator.interfaces.web.webhook import Webhook

PROBES = ("/-/healthy", "/-/ready", "/health", "/health/live", "/health/ready")
WEBHOOK = ("/api/v1/alertmanager", "/webhook")
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Operators(Protocol):
    """Who may do an operator's work."""

    @property
    def required(self) -> bool:
        """Whether anybody has to log in."""

    async def caller(self, authorization: str, peer: str = "") -> Caller | None:
        """Return who presents this ``Authorization`` header, or None."""


def make_application(
    webhook: Webhook, operate: Operate, api: Api, operators: Operators, max_body: int, prefix: str = "/", *,
    open_door: bool = False, read_timeout: float = 60.0,
) -> web.Application:  # fmt: skip
    """Return the aiohttp application.

    Each route says which door stands before it: none for probes, the senders' or the operators'.
    ``prefix`` stands before every path. ``open_door``: somebody before us asks for the log-in.
    ``read_timeout``: seconds for the body of an operator's request.
    """
    root = "/" + prefix.strip("/") if prefix.strip("/") else ""

    async def whole(handler: Answer, request: web.Request) -> web.StreamResponse:
        try:
            await body_of(request, read_timeout)  # aiohttp keeps it for the handler
        except TimeoutError:
            return too_slow(read_timeout)
        return await handler(request)

    def operators_door(handler: Answer) -> Answer:
        async def enter(request: web.Request) -> web.StreamResponse:
            if not operators.required and not open_door and _from_elsewhere(request):
                return _shut()
            try:
                caller = await operators.caller(request.headers.get("Authorization", ""), request.remote or "")
            except TooManyTriesError as error:
                return unheard(error)
            if caller is None:
                return problem(401, "Unauthorized", "log in as an operator (basic_auth_users of the web file)")
            request["caller"] = caller.name
            return await translated(partial(whole, handler), request)

        return enter

    async def senders_door(request: web.Request) -> web.StreamResponse:
        if not webhook.required and not open_door and _from_elsewhere(request):
            return webhook.turned_away(_shut())
        return await webhook.handle(request)

    application = web.Application(client_max_size=max_body)
    probing = (operate.healthy, operate.is_ready, operate.health, operate.healthy, operate.is_ready)
    operated = [
        web.post("/-/reload", operate.reload),
        web.put("/-/reload", operate.reload),
        web.get("/metrics", operate.metrics),
        *api.routes(),
    ]
    application.add_routes([
        *(web.post(root + path, senders_door) for path in WEBHOOK),
        *(web.get(root + path, handler) for path, handler in zip(PROBES, probing, strict=True)),
        *(web.RouteDef(r.method, root + r.path, operators_door(r.handler), r.kwargs) for r in operated),
    ])  # fmt: skip
    return application


def _shut() -> web.Response:
    return problem(403, "Forbidden", "call it by localhost and not from a page, or ask for a log-in")


def _from_elsewhere(request: web.Request) -> bool:
    """Whether a page in somebody's browser may be behind it: by a name that it made up, or from another origin."""
    origin = request.headers.get("Origin", "")
    return (
        not is_loopback(_host(request)) or request.headers.get("Sec-Fetch-Site", "none") == "cross-site" or bool(origin)
    )


def _host(request: web.Request) -> str:
    host = request.host
    return host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
