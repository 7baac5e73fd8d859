"""401: a token that is too old is refreshed over the platform's API; any other cause is for people."""

from aiohttp import web
from fakes.kubernetes_api import Log

ROWS = ("SP-7",)
BACKENDS = {"kubernetes": "fake", "prometheus": "fake", "http": "fake"}
ALERT = {"alertname": "UnauthorizedSpike", "platform": "service-platform", "service": "api-gateway", "severity": "warning"}


async def test_refreshed(platform):
    token = {"age": 4000}

    async def refresh(request):
        assert request.headers["X-Refresh-Token"] == "a secret in a file"
        token["age"] = 1
        return web.json_response({"expires_in": 3600})

    platform.api.answers["POST /auth/refresh"] = refresh
    secret = platform.site.file("refresh-token", "a secret in a file\n")
    platform.connections["http"]["platform-api"] = platform.api.connection(header_files={"X-Refresh-Token": secret})
    platform.prometheus.values["service_token_issued"] = lambda: token["age"]
    platform.prometheus.values['code="401"'] = lambda: 0.3 if token["age"] > 3600 else 0.0
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert platform.api.changes() == [("POST", "/auth/refresh", {"service": "api-gateway"})]
    assert "a secret in a file" not in report


async def test_a_wrong_signature_is_no_reason_to_refresh(platform):
    for pod in platform.pods("api-gateway"):
        platform.kubernetes.logs[("services", pod["metadata"]["name"], "app", False)] = log("401 invalid signature")
    platform.prometheus.values["service_token_issued"] = 60
    platform.prometheus.values['code="401"'] = 0.3
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "escalated")
        report = await daemon.report(run)
    assert platform.api.changes() == []
    assert "invalid signature" in report
    assert "hold different keys" in report


async def test_nor_while_the_issuer_is_not_healthy(platform):
    platform.api.answers["/health"] = 503
    platform.prometheus.values["service_token_issued"] = 4000
    platform.prometheus.values['code="401"'] = 0.3
    async with platform.up() as daemon:
        shown = await daemon.ends(await daemon.alert(**ALERT), "escalated")
    assert "steps.issuer.holds = false" in shown["reason"]
    assert platform.api.changes() == []


def log(*lines):
    return Log([(5.0, line) for line in lines])
