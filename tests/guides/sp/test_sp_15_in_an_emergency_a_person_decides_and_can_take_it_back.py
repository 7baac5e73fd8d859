"""Rollback, scaling to zero, the maintenance page: each is asked for, verified, and taken back by a person."""

import pytest
from aiohttp import web
from fakes.kubernetes_looks import service as service_of

ROWS = ("SP-15",)
BACKENDS = {"kubernetes": "fake", "prometheus": "fake", "http": "fake"}
ALERT = {"platform": "service-platform", "severity": "critical"}


async def take_back(daemon, run):
    back = await daemon.api(f"runs/{run}/undo", {"who": "anna", "reason": "it is over"})
    await daemon.ends(back["run"], "undone")


async def test_rollback(platform):
    platform.release("api-gateway", "example/api-gateway:2")

    def image():
        return platform.container("api-gateway")["image"].rpartition(":")[2]

    # The service calls itself healthy all the time; the oldest ready pod is older than the alert until it was undone.
    platform.prometheus.values["kube_pod_start_time"] = lambda: 4e9 if image() == "1" else 0
    async with platform.up() as daemon:
        run = await daemon.alert(alertname="EmergencyRollback", service="api-gateway", **ALERT)
        await daemon.reaches(run, "awaiting_approval")
        assert image() == "2"
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
        assert image() == "1"
        await take_back(daemon, run)
    assert image() == "2"


@pytest.mark.parametrize("autoscaled", [False, True])
async def test_to_zero(platform, autoscaled):
    if autoscaled:
        platform.kubernetes.world.autoscaler("processor", "Deployment", "data-processor", "services")

    def replicas():
        return platform.deployment("data-processor")["spec"]["replicas"]

    platform.prometheus.values["kube_deployment_status_replicas"] = lambda: replicas()
    async with platform.up() as daemon:
        run = await daemon.alert(alertname="EmergencyScaleDown", service="data-processor", **ALERT)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
        assert replicas() == 0
        await take_back(daemon, run)
    assert replicas() == 3


async def test_maintenance(platform):
    platform.kubernetes.world.workload("deployment", "maintenance-page", namespace="services")
    service_of(platform.kubernetes.world, "api-gateway", namespace="services", target=8080)

    def chosen():
        return platform.kubernetes.world.objects["services", "services", "api-gateway"]["spec"]["selector"]["app"]

    async def front(_request):
        if chosen() == "maintenance-page":
            return web.Response(status=503, text="Back at noon", headers={"Retry-After": "600"})
        return web.Response(status=500)

    platform.public.answers["/"] = front
    async with platform.up() as daemon:
        run = await daemon.alert(alertname="MaintenanceMode", **ALERT)
        await daemon.reaches(run, "awaiting_approval")
        assert chosen() == "api-gateway"
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
        assert chosen() == "maintenance-page"
        await take_back(daemon, run)
    assert chosen() == "api-gateway"


async def test_without_a_page_nothing_is_changed(platform):
    platform.public.answers["/"] = 500
    async with platform.up() as daemon:
        shown = await daemon.ends(await daemon.alert(alertname="MaintenanceMode", **ALERT), "escalated")
    assert "steps.page.ready = 0" in shown["reason"]
    assert platform.writes() == []
