"""The health endpoint answers 503: what fails its own probe is restarted, a datastore only when a person agrees."""

from aiohttp import web

ROWS = ("Z2-1",)
BACKENDS = {"http": "fake", "kubernetes": "fake", "postgres": "real", "redis": "real"}


def health(z2, well):
    """Let the API answer 200 once this is so."""

    async def answer(_request):
        return web.json_response({}, status=200 if well() else 503)

    return answer


async def test_a_hanging_api_is_restarted_at_once(z2):
    z2.api.answers |= dict.fromkeys(("/health", "/health/live"), health(z2, z2.restarted))
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2HealthUnavailable", **z2.alert)
        await daemon.ends(run, "succeeded")
        said = await daemon.report(run)
    assert z2.writes() == ["PATCH deployments/z2-backend"]
    assert "restart the API that fails its own liveness probe" in said
    assert "restart Redis" in said  # what was ruled out


async def test_a_dead_redis_is_restarted_when_a_person_agrees(z2, dead_redis):
    z2.api.answers["/health"] = health(z2, lambda: z2.restarted("redis"))
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2HealthUnavailable", **z2.alert)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert z2.writes() == ["PATCH deployments/redis"]


async def test_what_is_missing_is_told_and_nothing_is_restarted(z2):
    z2.api.answers |= {"/health": (503, {"checks": {"provider": "down"}}), "/health/ready": 503}
    z2.programs["variables-present"] = lambda _argv: (1, "REDIS_URL is missing\n")
    z2.log("GET /health 503 health check of provider failed")
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2HealthUnavailable", **z2.alert)
        await daemon.ends(run, "escalated")
        said = await daemon.report(run)
    assert z2.writes() == []
    assert "REDIS_URL is missing" in said
    assert "health check of provider failed" in said
