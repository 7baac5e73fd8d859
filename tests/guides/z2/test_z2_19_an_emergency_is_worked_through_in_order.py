"""Emergencies: a rollback; and everything stopped, restored and started step by step, a gate after each step."""

import pytest
from aiohttp import web
from fakes.kubernetes_changes import cron_job

ROWS = ("Z2-19",)
BACKENDS = {"kubernetes": "fake", "http": "fake", "postgres": "real", "redis": "real", "prometheus": "fake"}


async def test_the_newest_rollout_is_undone(z2):
    z2.release("example/z2:2")
    z2.prometheus.values['status=~"5.."'] = lambda: 0.5 if z2.container()["image"] == "example/z2:2" else 0
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2EmergencyRollback", **z2.alert)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert z2.container()["image"] == "example/z2:1"


@pytest.fixture
def broken(z2):
    """The API answers 503 until the backup was restored; a worker runs beside it."""
    world = z2.kubernetes.world
    world.workload("deployment", "z2-worker", namespace="z2", replicas=3)
    cron_job(world, "z2-restore", namespace="z2")

    async def health(_request):
        restored = any(kind == "jobs" for kind, _, _ in world.objects)
        up = z2.workload()["spec"]["replicas"] > 0
        return web.json_response({}, status=200 if restored and up else 503)

    z2.api.answers |= dict.fromkeys(("/health", "/health/live", "/health/ready"), health)


async def test_all_is_brought_back_in_order(z2, broken):
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2FullRecovery", **z2.alert)
        asked = await daemon.approve(run)
        assert "restore from the newest backup" in asked["reason"]
        await daemon.ends(run, "succeeded")
        said = await daemon.report(run)
    writes = z2.writes()
    stopped, started = writes[: writes.index("POST z2/jobs")], writes[writes.index("POST z2/jobs") + 1 :]
    assert sorted(stopped) == ["PATCH z2-backend/scale", "PATCH z2-worker/scale"]
    assert started == ["PATCH deployments/redis", "PATCH z2-backend/scale", "PATCH z2-backend/scale", "PATCH z2-worker/scale"]
    assert z2.workload()["spec"]["replicas"] == 2
    assert z2.workload("z2-worker")["spec"]["replicas"] == 3
    assert z2.workload("postgres", "statefulsets")["spec"]["replicas"] == 1  # was never stopped
    assert "deployment/z2-worker" in said


async def test_a_restore_that_fails_stops_the_recovery(z2, broken):
    z2.kubernetes.world.job_ends = "failed"
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2FullRecovery", **z2.alert)
        await daemon.approve(run)
        await daemon.ends(run, "escalated")
    assert z2.workload()["spec"]["replicas"] == 0
    assert z2.writes()[-1] == "POST z2/jobs"
