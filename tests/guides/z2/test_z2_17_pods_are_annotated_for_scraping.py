"""Prometheus has no metrics: where /metrics answers and no target is there, pods are annotated when a person agrees."""

ROWS = ("Z2-17",)
BACKENDS = {"kubernetes": "fake", "prometheus": "fake", "http": "fake"}


def annotations(z2):
    return z2.workload()["spec"]["template"]["metadata"].get("annotations", {})


async def test_targets_come_up(z2):
    z2.prometheus.values["up{"] = lambda: [({"pod": "a"}, 1)] if "prometheus.io/scrape" in annotations(z2) else None
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2MetricsMissing", **z2.alert)
        asked = await daemon.approve(run)
        assert "pods restart" in asked["reason"]
        await daemon.ends(run, "succeeded")
    wanted = {"prometheus.io/scrape": "true", "prometheus.io/port": "8000", "prometheus.io/path": "/metrics"}
    assert wanted.items() <= annotations(z2).items()


async def test_a_target_that_is_down_is_not_cured_so(z2):
    z2.prometheus.values["up{"] = [({"pod": "a"}, 0)]
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2MetricsMissing", **z2.alert)
        await daemon.ends(run, "escalated")
    assert z2.writes() == []
