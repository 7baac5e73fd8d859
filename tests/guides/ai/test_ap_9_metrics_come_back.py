"""A gateway that is no target gets the annotations; one that is down although it answers is the scraper's trouble."""

from aiohttp import web

ROWS = ("AP-9",)
BACKENDS = {"kubernetes": "fake", "prometheus": "fake", "http": "fake"}
ALERT = {"alertname": "AIMetricsMissing", "platform": "ai", "severity": "warning"}


def targets(*healths):
    return {"status": "success", "data": {"droppedTargets": [], "activeTargets": [
        {"labels": {"job": "api-gateway", "instance": f"10.0.0.{n}:8080"}, "health": health, "scrapePool": "api-gateway",
         "lastError": "" if health == "up" else "context deadline exceeded", "lastScrape": "2026-01-01T00:00:00Z",
         "scrapeUrl": f"http://10.0.0.{n}:8080/metrics", "discoveredLabels": {}}
        for n, health in enumerate(healths)
    ]}}  # fmt: skip


def seen_by(platform, before, done):
    """Let Prometheus see what it scrapes: ``before``, and all targets as up once it is done."""
    async def answer(_request):
        return web.json_response(targets("up", "up") if done() else before)

    platform.prometheus.answers["/api/v1/targets"] = answer
    platform.prometheus.values = {"up{": lambda: 1.0 if done() else None}
    platform.connections["prometheus"]["default"] = platform.prometheus.connection()


async def test_annotations_are_added(platform):
    def annotated():
        meta = platform.deployment()["spec"]["template"]["metadata"]
        return meta.get("annotations", {}).get("prometheus.io/scrape") == "true"

    seen_by(platform, targets(), annotated)
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        asked = await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert "restarts the pods of the gateway" in asked["reason"]
    assert platform.deployment()["spec"]["template"]["metadata"]["annotations"]["prometheus.io/port"] == "8080"


async def test_the_scraper_is_restarted(platform):
    seen_by(platform, targets("down", "up"), lambda: platform.restarted("prometheus", "monitoring"))
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
        assert "context deadline exceeded" in await daemon.report(run)
    assert not platform.restarted()


async def test_a_gateway_without_metrics_is_shown(platform):
    seen_by(platform, targets("down"), lambda: False)
    platform.gateway.answers["/metrics"] = 500
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "escalated")
    assert platform.writes() == []
