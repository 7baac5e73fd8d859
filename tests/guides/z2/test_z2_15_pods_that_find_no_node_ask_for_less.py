"""Pods find no node: requests are lowered where nodes are full and a person agrees; not where it is something else."""

import pytest

ROWS = ("Z2-15",)
BACKENDS = {"kubernetes": "fake"}


@pytest.fixture
def pending(z2):
    z2.unready(1)
    z2.kubernetes.world.event(
        "Deployment/z2-backend", "FailedScheduling", "0/2 nodes are available: 2 Insufficient memory.", namespace="z2"
    )


def requests(z2):
    return z2.container()["resources"]["requests"]


async def test_less_is_asked_for(z2, pending):
    for pod in z2.kubernetes.world.of("pods", "z2"):
        pod["spec"]["nodeName"] = "node-1"
        pod["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1", "memory": "5Gi"}}
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2PodsUnschedulable", **z2.alert)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
        said = await daemon.report(run)
    assert requests(z2) == {"cpu": "100m", "memory": "256Mi"}
    assert "Insufficient memory" in said


async def test_not_where_there_is_room(z2, pending):
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2PodsUnschedulable", **z2.alert)
        await daemon.ends(run, "escalated")
    assert requests(z2) == {"cpu": "250m", "memory": "512Mi"}
