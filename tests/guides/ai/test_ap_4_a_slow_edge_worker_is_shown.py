"""CPU time and keys are gathered; nothing is changed."""

ROWS = ("AP-4",)
BACKENDS = {"prometheus": "fake", "http": "fake"}


async def test_what_its_provider_counts(platform):
    platform.prometheus.values = {"cpu_time": [({"quantile": "P99"}, 180.0)], "": 3.0}
    async with platform.up() as daemon:
        run = await daemon.alert(alertname="AIEdgeWorkerSlow", platform="ai", severity="warning")
        await daemon.ends(run, "observed")
        report = await daemon.report(run)
    assert "180" in report
    assert "17" in report  # keys
    assert not platform.worker.changes()
    assert not platform.provider.changes()
    assert platform.writes() == []
