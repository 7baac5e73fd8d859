"""The load balancer takes an instance for dead: restarted if it hangs and others carry on."""

from aiohttp import web

ROWS = ("SM-14",)
BACKENDS = {"systemd": "fake", "host": "real", "ssh": "real", "prometheus": "fake", "http": "fake"}
LABELS = {"host": "sergas", "instance": "http://10.0.0.1:8000/health"}


async def connections(sm, service, prometheus, *, inside=None):
    async def health(_request):
        return web.Response(status=inside or (200 if sm.machine.restarts else 503))

    async def behind(_request):
        return web.Response(status=200 if sm.machine.restarts else 503)

    app, balancer = await service({"/health": health}), await service({"/health": behind})
    return {
        "http": {"sergas": app.connection(), "sergas-public": balancer.connection()},
        "prometheus": {"default": prometheus.connection()},
    }


async def test_it_is_restarted(sm, alert, service, prometheus):
    prometheus.values["probe_success"] = 2
    async with sm.running(await connections(sm, service, prometheus)) as daemon:
        run = await daemon.alert(alertname="SergasInstanceUnhealthy", **LABELS, **alert)
        await daemon.ends(run, "succeeded")
    assert sm.machine.restarts == ["sergas-app.service"]
    assert any('instance!="http://10.0.0.1:8000/health"' in query for query in prometheus.queries)


async def test_the_last_one_is_left_alone(sm, alert, service, prometheus):
    prometheus.values["probe_success"] = 0
    async with sm.running(await connections(sm, service, prometheus)) as daemon:
        run = await daemon.alert(alertname="SergasInstanceUnhealthy", **LABELS, **alert)
        await daemon.ends(run, "escalated")
    assert sm.machine.restarts == []


async def test_well_from_inside_it_is_left_alone(sm, alert, service, prometheus):
    prometheus.values["probe_success"] = 2
    async with sm.running(await connections(sm, service, prometheus, inside=200)) as daemon:
        run = await daemon.alert(alertname="SergasInstanceUnhealthy", **LABELS, **alert)
        await daemon.ends(run, "escalated")
    assert sm.machine.restarts == []
