"""Failed health checks: asked from inside of the pod, it hangs (restart), is only slow (probe), or says what is wrong."""

import pytest

ROWS = ("SP-9",)
BACKENDS = {"kubernetes": "fake"}
ALERT = {"alertname": "HealthCheckFailing", "platform": "service-platform", "service": "api-gateway", "severity": "critical"}
NAME = "api-gateway"
PROBE = {"httpGet": {"path": "/health", "port": 8080}, "initialDelaySeconds": 30, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 3}


@pytest.fixture
def failing(platform):
    """Two pods of three are not ready."""
    platform.container(NAME)["livenessProbe"] = dict(PROBE)
    platform.kubernetes.world.finish("deployments", "services", NAME)
    platform.unready(NAME, 2)
    platform.kubernetes.world.event(f"Deployment/{NAME}", "Unhealthy", namespace="services", count=9)
    return platform


async def test_one_that_hangs_is_restarted(failing):
    failing.programs(curl=(28, ""))
    async with failing.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "succeeded")
        assert "steps.inside.exit_code = 28" in await daemon.report(run)
    assert failing.restarted(NAME)
    (_, _, query, _), *_ = failing.kubernetes.execs
    assert query["command"] == "curl"


async def test_a_probe_that_is_too_strict_gets_more_time_after_an_approval(failing):
    failing.programs(curl=(0, '{"status": "healthy"}'))
    async with failing.up() as daemon:
        run = await daemon.alert(**ALERT)
        asked = await daemon.approve(run)
        assert "pods restart" in asked["reason"]
        await daemon.ends(run, "succeeded")
    assert failing.container(NAME)["livenessProbe"] == PROBE | {
        "initialDelaySeconds": 60, "periodSeconds": 15, "timeoutSeconds": 10, "failureThreshold": 5,
    }  # fmt: skip


async def test_one_that_names_a_dead_dependency_is_for_people(failing):
    failing.programs(curl=(22, '{"checks": {"database": "unreachable"}}'))
    async with failing.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "escalated")
        assert "unreachable" in await daemon.report(run)
    assert failing.writes() == []
