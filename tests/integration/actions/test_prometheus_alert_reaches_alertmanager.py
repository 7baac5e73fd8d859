import asyncio

from aiohttp import web
from fakes.prometheus_servers import start_alertmanager, start_prometheus
from fakes.small_server import serve

from remediator.actions.alertmanager import FiringState, still_firing

SLOW = {"alert": "Slow", "expr": "latency > 1", "labels": {"severity": "warning"}}
RULES = {"groups": [{"name": "test", "rules": [SLOW]}]}


async def test_from_sample_to_webhook_and_back(connected, tmp_path):
    latency = 5.0

    async def metrics(request):
        return web.Response(text=f"latency {latency}\n")

    async with (
        serve(metrics) as service,
        serve(web.Response()) as webhook,
        start_alertmanager(tmp_path, webhook.url, bearer_token="t0ken") as alertmanager,
        start_prometheus(tmp_path, [service.url], RULES, alertmanager.url),
    ):
        context = connected("alertmanager", "default", url=alertmanager.url)
        labels = {"alertname": "Slow", "severity": "warning", "job": "test", "instance": service.url[7:]}

        async def becomes(state):
            for _ in range(200):
                if await still_firing(context, "default", labels) is state:
                    return
                await asyncio.sleep(0.05)
            assert await still_firing(context, "default", labels) is state

        async def posted(count):
            for _ in range(200):
                if len(webhook.requests) >= count:
                    return
                await asyncio.sleep(0.05)
            assert len(webhook.requests) >= count

        await becomes(FiringState.FIRING)
        await posted(1)
        assert b'"status":"firing"' in webhook.bodies[0]
        assert webhook.requests[0].headers["Authorization"] == "Bearer t0ken"
        latency = 0.1
        await becomes(FiringState.GONE)
        await posted(2)
        assert b'"status":"resolved"' in webhook.bodies[-1]
