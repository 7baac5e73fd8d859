"""Emergencies: a rollback; and everything stopped, restored and started step by step, a gate after each step."""

import pytest
from aiohttp import web
from fakes.kubernetes_changes import cron_job

ROWS = ("Z2-19",)
BACKENDS = {"kubernetes": "fake", "http": "fake", "postgres": "real", "redis": "real", "prometheus": "fake"}


NEVER, LATER = 0, 4e9  # when the oldest ready pod started


async def test_the_newest_rollout_is_undone_though_the_api_looks_well(z2):
    z2.release("example/z2:2")
    z2.prometheus.values |= {
        'status=~"5.."': 0,
        "kube_pod_start_time": lambda: NEVER if z2.container()["image"] == "example/z2:2" else LATER,
    }
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2EmergencyRollback", **z2.alert)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert [answer for path, answer in z2.api.answers.items() if "health" in path] == [200] * 3  # all the time
    assert z2.container()["image"] == "example/z2:1"


@pytest.fixture
def recovered(z2):
    """Whether the backup was restored and the API runs; a worker runs beside it."""
    world = z2.kubernetes.world
    world.workload("deployment", "z2-worker", namespace="z2", replicas=3)
    cron_job(world, "z2-restore", namespace="z2")

    def look():
        restored = any(kind == "jobs" for kind, _, _ in world.objects)
        return restored and z2.workload()["spec"]["replicas"] > 0

    z2.prometheus.values["kube_pod_start_time"] = lambda: LATER if look() else NEVER
    return look


@pytest.fixture
def broken(z2, recovered):
    """The API answers 503 until the backup was restored."""

    async def health(_request):
        return web.json_response({}, status=200 if recovered() else 503)

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


async def test_who_orders_it_gets_it_though_the_api_looks_well(z2, recovered):
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2FullRecovery", **z2.alert)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert recovered()
