"""Health checks take longer than the probes wait: the probes' time-outs are raised, the slow statements are shown."""

import asyncio

from aiohttp import web

ROWS = ("Z2-2",)
BACKENDS = {"http": "fake", "kubernetes": "fake", "postgres": "real", "prometheus": "fake"}


async def test_the_time_outs_are_raised(z2):
    async def slowly(_request):
        await asyncio.sleep(1.1)
        return web.json_response({})

    z2.api.answers["/health"] = slowly
    for client in z2.postgres.clients(1):
        for _ in range(6):
            client.execute("SELECT count(*), pg_sleep(0.01) FROM public.orders")

    def raised():
        return z2.container()["livenessProbe"]["timeoutSeconds"] == 2

    z2.prometheus.values["prober_probe_total"] = lambda: 0 if raised() else 9
    async with z2.up(old_seconds=1, new_seconds=2) as daemon:
        run = await daemon.alert(alertname="Z2HealthTimeout", **z2.alert)
        asked = await daemon.approve(run)
        await daemon.ends(run, "succeeded")
        said = await daemon.report(run)
    assert "pods restart" in asked["reason"]
    assert z2.container()["readinessProbe"]["timeoutSeconds"] == 2
    assert "pg_sleep" in said
