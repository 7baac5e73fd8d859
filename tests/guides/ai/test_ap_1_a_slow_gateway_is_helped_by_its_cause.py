"""A breaker that stays open is closed by a restart; busy pods get another one, if the database bears it."""

import copy

from aiohttp import web
from fakes.kubernetes_looks import measure

ROWS = ("AP-1",)
BACKENDS = {"kubernetes": "fake", "postgres": "real", "prometheus": "fake", "http": "fake"}
ALERT = {"alertname": "AIGatewaySlow", "platform": "ai", "severity": "warning"}


async def test_a_breaker_that_is_stuck_open(platform, database):
    def latency():
        return 0.3 if platform.restarted() else 8.0

    async def health(_request):
        closed = platform.restarted()
        state = {"checks": {"circuit_breaker": "closed" if closed else "open"}}
        return web.json_response(state, status=200 if closed else 503)

    platform.gateway.answers["/health"] = health
    platform.prometheus.values = {"histogram_quantile": latency, "": 1.0}
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        shown = await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert "restart the pods whose breaker is stuck open" in shown["reason"]
    assert platform.deployment()["spec"]["replicas"] == 2
    assert "open" in report


async def test_pods_that_are_busy(platform, database):
    measure(platform.kubernetes.world, cpu="950m")
    platform.prometheus.values = {
        "histogram_quantile": lambda: 0.3 if platform.deployment()["spec"]["replicas"] == 3 else 8.0, "": 1.0,
    }  # fmt: skip
    async with platform.up(edit=fewer_sessions) as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "succeeded")
    assert platform.deployment()["spec"]["replicas"] == 3
    assert len(platform.writes()) == 1


async def test_not_when_the_database_has_no_room_for_more_pods(platform, database):
    measure(platform.kubernetes.world, cpu="950m")
    platform.prometheus.values = {"histogram_quantile": 8.0, "": 1.0}
    database.clients(18)
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "escalated")
        assert "steps.sessions.headroom" in await daemon.report(run)
    assert platform.writes() == []


def fewer_sessions(document):
    """The test's server takes 23 sessions in all."""
    parameters = document["guides"]["ap-gateway-slow"]["parameters"] = copy.deepcopy(
        document["guides"]["ap-gateway-slow"]["parameters"]
    )
    parameters["pool_per_pod"]["default"] = 3
