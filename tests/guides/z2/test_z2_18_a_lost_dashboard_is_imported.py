"""The dashboard does not load: it is imported when the data source answers and a person agrees."""

from aiohttp import web

ROWS = ("Z2-18",)
BACKENDS = {"http": "fake"}


async def test_it_is_there_again(z2):
    async def imported(_request):
        z2.grafana.answers["/api/dashboards/uid/z2-overview"] = 200
        return web.json_response({"status": "success"})

    z2.grafana.answers["POST /api/dashboards/db"] = imported
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2DashboardMissing", **z2.alert)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    ((_, path, sent),) = z2.grafana.changes()
    assert path == "/api/dashboards/db"
    assert sent["overwrite"] is True
    assert sent["dashboard"]["panels"][0]["title"] == "Requests a second by status"


async def test_a_data_source_that_fails_comes_first(z2):
    z2.grafana.answers["/api/datasources/uid/prometheus/health"] = (400, {"status": "ERROR", "message": "bad gateway"})
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2DashboardMissing", **z2.alert)
        await daemon.ends(run, "escalated")
        assert "bad gateway" in await daemon.report(run)
    assert z2.grafana.changes() == []
