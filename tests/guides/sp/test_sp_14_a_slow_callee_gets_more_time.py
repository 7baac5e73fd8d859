"""Time-outs: connecting and answering are measured apart on a real service; only a late answer gets more time."""

import asyncio
from urllib.parse import urlsplit

from aiohttp import web

ROWS = ("SP-14",)
BACKENDS = {"http": "fake", "kubernetes": "fake", "prometheus": "fake"}
ALERT = {"alertname": "RequestTimeouts", "platform": "service-platform", "service": "api-gateway", "severity": "warning"}
NAME = "api-gateway"
PARAMS = {"scheme": "http", "slow_after": 300}  #: milliseconds instead of half a minute


async def test_after_an_approval(platform):
    async def late(_request):
        await asyncio.sleep(0.4)
        return web.json_response({})

    platform.api.answers["/health"] = late
    callee = urlsplit(platform.api.url)
    platform.connections["network"]["platform-callee"] = {"host": callee.hostname, "port": callee.port}
    platform.prometheus.values["http_client_timeouts_total"] = lambda: 0.0 if "HTTP_READ_TIMEOUT" in platform.env(NAME) else 3.0
    async with platform.up(**PARAMS) as daemon:
        run = await daemon.alert(**ALERT)
        asked = await daemon.approve(run)
        assert "pods restart" in asked["reason"]
        await daemon.ends(run, "succeeded")
        assert "steps.parts.wait_ms" in await daemon.report(run)
    assert platform.env(NAME) == {"HTTP_CONNECT_TIMEOUT": "10", "HTTP_READ_TIMEOUT": "60"}


async def test_not_where_nobody_listens(platform):
    platform.connections["network"]["platform-callee"] = {"host": "127.0.0.1", "port": 1}
    platform.prometheus.values["http_client_timeouts_total"] = 3.0
    async with platform.up(**PARAMS) as daemon:
        shown = await daemon.ends(await daemon.alert(**ALERT), "escalated")
    assert "steps.connects.holds = false" in shown["reason"]
    assert platform.writes() == []
