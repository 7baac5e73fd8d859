"""One report of everything, within the limits of each part, while half of it does not answer."""

import asyncio
import time

ROWS = ("AP-12",)
BACKENDS = {"kubernetes": "fake", "postgres": "real", "prometheus": "fake", "http": "real"}
ALERT = {"alertname": "AIHealthSummary", "platform": "ai", "severity": "info"}


async def test_all_is_well_but_alertmanager(platform, database):
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "observed")
        report = await daemon.report(run)
    for part in ("api", "worker", "database", "pods", "nodes", "events", "prometheus", "targets", "alertmanager", "grafana"):
        assert part in report
    assert platform.writes() == []


async def test_half_of_it_is_away(platform):
    async def hang(_request):
        await asyncio.sleep(60)

    platform.gateway.answers["/health"] = hang
    platform.worker.answers["/health"] = 503
    platform.kubernetes.hang("list", "events")
    platform.connections["kubernetes"]["default"]["request_timeout"] = "500ms"
    began = time.monotonic()
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "observed")
        report = await daemon.report(run)
    assert time.monotonic() - began < 15
    assert "503" in report
    assert "Connect" in report or "connect" in report
    assert "nodes" in report
