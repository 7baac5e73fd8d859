"""Responses are slow: replicas are added at once where the real database has connections for them, else never."""

import pytest

ROWS = ("Z2-11",)
BACKENDS = {"kubernetes": "fake", "postgres": "real", "prometheus": "fake"}


@pytest.fixture
def replicas(z2):
    """More than two replicas are quick."""
    z2.prometheus.values["http_request_duration_seconds"] = lambda: 1.4 if replicas() <= 2 else 0.2

    def replicas():
        return z2.workload()["spec"]["replicas"]

    return replicas


async def test_two_replicas_more(z2, replicas):
    async with z2.up(sessions_per_replica=2) as daemon:
        run = await daemon.alert(alertname="Z2SlowResponses", **z2.alert)
        await daemon.ends(run, "succeeded")
    assert replicas() == 4
    assert z2.writes() == ["PATCH z2-backend/scale"]


async def test_none_where_the_database_is_full(z2, replicas):
    z2.postgres.exhaust()
    async with z2.up(sessions_per_replica=2) as daemon:
        run = await daemon.alert(alertname="Z2SlowResponses", **z2.alert)
        await daemon.ends(run, "escalated")
        said = await daemon.report(run)
    assert replicas() == 2
    assert "headroom" in said


async def test_an_autoscaler_is_asked_about(z2, replicas):
    hpa = z2.kubernetes.world.autoscaler("z2", "Deployment", "z2-backend", namespace="z2")
    hpa["spec"] |= {"minReplicas": 2, "maxReplicas": 2}
    hpa["status"] = {"currentReplicas": 2, "desiredReplicas": 2, "conditions": [
        {"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas", "message": "it wants more"},
    ]}  # fmt: skip
    async with z2.up(sessions_per_replica=2) as daemon:
        run = await daemon.alert(alertname="Z2SlowResponses", **z2.alert)
        asked = await daemon.refuse(run)
        assert "raise the bounds of the autoscaler" in asked["reason"]
        await daemon.ends(run, "refused")
    assert replicas() == 2
