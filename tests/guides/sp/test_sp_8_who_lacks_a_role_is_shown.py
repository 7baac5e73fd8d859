"""403: the caller's roles and the refused routes stand in the report; nothing is changed."""

ROWS = ("SP-8",)
BACKENDS = {"kubernetes": "fake", "prometheus": "fake", "http": "fake"}
ALERT = {"alertname": "ForbiddenSpike", "platform": "service-platform", "service": "api-gateway", "severity": "warning"}


async def test_shown(platform):
    platform.prometheus.values["sum by (path)"] = [({"path": "/orders"}, 4.0)]
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "observed")
        report = await daemon.report(run)
    assert "viewer" in report
    assert "/orders" in report
    assert "administrator" in report
    assert platform.writes() == platform.api.changes() == []
