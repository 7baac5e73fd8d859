"""Server errors: by cause a rollback (asked for), a restart, or only evidence. Client errors: evidence."""

from aiohttp import web

ROWS = ("SP-2",)
BACKENDS = {"postgres": "real", "kubernetes": "fake", "prometheus": "fake", "http": "fake"}
ALERT = {"alertname": "HighErrorRate", "platform": "service-platform", "service": "auth-service", "severity": "critical"}


async def test_undone_after_an_approval(platform, database):
    platform.release("auth-service", "example/auth-service:2")

    def bad():
        return platform.container("auth-service")["image"].endswith(":2")

    platform.prometheus.values["sum by (path)"] = [({"path": "/auth/login"}, 3.0)]
    platform.prometheus.values["http_requests_total"] = lambda: 0.2 if bad() else 0.001
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT, **{"class": "5xx"})
        asked = await daemon.approve(run)
        assert "undo the rollout" in asked["reason"]
        assert bad()
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert not bad()
    assert "steps.history.began_with_rollout = true" in report
    assert "/auth/login" in report


async def test_restarted_when_no_rollout_is_to_blame_and_it_calls_itself_unhealthy(platform, database):
    def sick():
        return not platform.restarted("auth-service")

    async def health(_request):
        return web.json_response({}, status=503 if sick() else 200)

    platform.api.answers["/health"] = health
    platform.prometheus.values["sum by (path)"] = None
    platform.prometheus.values["http_requests_total"] = lambda: 0.2 if sick() else 0.001
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT, **{"class": "5xx"})
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert [path for _, path in platform.writes()] == ["/apis/apps/v1/namespaces/services/deployments/auth-service"]
    assert "undo the rollout that the errors began with" in report  # ruled out, with the reason


async def test_requests_that_are_wrong_are_shown(platform):
    platform.prometheus.values["sum by (path, code)"] = [({"path": "/auth/refresh", "code": "422"}, 7.0)]
    platform.prometheus.values["sum by (code)"] = [({"code": "422"}, 7.0)]
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT, **{"class": "4xx"})
        await daemon.ends(run, "observed")
        report = await daemon.report(run)
    assert "/auth/refresh" in report
    assert platform.writes() == []

