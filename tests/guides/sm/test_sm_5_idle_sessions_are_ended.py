"""No connection is free: idle sessions end by themselves; a larger pool is for a person, and only where the server has room."""

from aiohttp import web

ROWS = ("SM-5",)
BACKENDS = {"postgres": "real", "systemd": "fake", "ssh": "real", "http": "fake"}


async def test_an_exhausted_server_is_cured(sm, alert, service, postgres):
    opened = len(postgres.exhaust("sergas-app"))
    app = await service({"/health": 200})
    connections = {"http": {"sergas": app.connection()}, "postgres": {"sergas": postgres.connection()}}
    async with sm.running(connections, params={"idle_seconds": 1}) as daemon:
        run = await daemon.alert(alertname="SergasDatabaseConnectionsExhausted", **alert)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    left = postgres.one("SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop'")
    assert left < 0.8 * opened  # those that had not yet been idle for a second are left alone
    assert "end idle sessions" in report
    assert sm.machine.restarts == []


async def test_a_small_pool_is_raised_after_an_approval(sm, alert, service, postgres):
    async def health(_request):
        return web.Response(status=200 if sm.machine.restarts else 503)

    app = await service({"/health": health})
    connections = {"http": {"sergas": app.connection()}, "postgres": {"sergas": postgres.connection()}}
    async with sm.running(connections, edit=_small) as daemon:
        run = await daemon.alert(alertname="SergasDatabaseConnectionsExhausted", **alert)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert sm.machine.variables == {"DATABASE_POOL_SIZE": "30", "DATABASE_MAX_OVERFLOW": "50"}
    assert sm.machine.restarts == ["sergas-app.service"]


def _small(document):
    """The test's server has 30 connections: ten free ones are room enough."""
    remedy = document["guides"]["sm-pool-exhausted"]["remedies"][1]
    remedy["when"] = remedy["when"].replace(">= 80", ">= 10")
