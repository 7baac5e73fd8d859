"""Tokens are refused: pods that started before the Secret changed are restarted; others are left alone."""

import pytest

ROWS = ("Z2-7",)
BACKENDS = {"kubernetes": "fake", "prometheus": "fake"}


@pytest.fixture
def secret(z2):
    """Write the Secret so many seconds ago; the pods are an hour old."""

    def secret(ago):
        world = z2.kubernetes.world
        for pod in world.of("pods", "z2"):
            for status in pod["status"]["containerStatuses"]:
                status["state"] = {"running": {"startedAt": world.stamp(3600)}}
        z2.container()["env"] = [
            {"name": "SECRET_KEY", "valueFrom": {"secretKeyRef": {"name": "z2-secrets", "key": "SECRET_KEY"}}}
        ]
        managed = [{"manager": "vault", "operation": "Update", "time": world.stamp(ago), "fieldsV1": {"f:data": {}}}]
        meta = {"name": "z2-secrets", "namespace": "z2", "creationTimestamp": world.stamp(86_400), "managedFields": managed}
        world.put("secrets", {"metadata": meta, "data": {"SECRET_KEY": "aHVudGVyMg=="}, "type": "Opaque"})

    return secret


async def test_a_restart_makes_all_of_them_know_the_key(z2, secret):
    secret(ago=600)
    z2.prometheus.values['status="401"'] = lambda: 0.01 if z2.restarted() else 0.4
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2TokenErrors", **z2.alert)
        await daemon.ends(run, "succeeded")
        said = await daemon.report(run)
    assert z2.writes() == ["PATCH deployments/z2-backend"]
    assert "vault" in said  # who changed it
    assert "aHVudGVyMg" not in said
    assert "hunter2" not in said


async def test_pods_that_know_the_key_are_not_restarted(z2, secret):
    secret(ago=7200)
    z2.prometheus.values['status="401"'] = 0.4
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2TokenErrors", **z2.alert)
        await daemon.ends(run, "escalated")
    assert z2.writes() == []
