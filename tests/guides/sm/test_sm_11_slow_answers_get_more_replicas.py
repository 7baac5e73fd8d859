"""Answers take too long: more replicas, unless the database or an autoscaler speaks against it."""

ROWS = ("SM-11",)
BACKENDS = {"kubernetes": "fake", "postgres": "real", "prometheus": "fake", "http": "fake"}


async def connections(service, postgres, prometheus, kubernetes):
    app = await service({"/api/v1/accounts": {"accounts": []}})
    kubernetes.world.workload("deployment", "sergas-app", namespace="sergas", replicas=2)
    prometheus.values["duration_seconds_bucket"] = lambda: 0.4 if replicas(kubernetes) > 2 else 7.5
    port = int(app.url.rpartition(":")[2])
    return {
        "network": {"sergas": {"host": "127.0.0.1", "port": port}}, "postgres": {"sergas": postgres.connection()},
        "prometheus": {"default": prometheus.connection()}, "kubernetes": {"default": kubernetes.connection},
    }  # fmt: skip


def replicas(kubernetes):
    return kubernetes.world.objects["deployments", "sergas", "sergas-app"]["spec"]["replicas"]


async def test_it_is_scaled_within_its_bounds(sm, alert, service, postgres, prometheus, kubernetes):
    known = await connections(service, postgres, prometheus, kubernetes)
    async with sm.running(known, params={"connections_per_replica": 2}) as daemon:
        run = await daemon.alert(alertname="SergasResponsesSlow", **alert)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert replicas(kubernetes) == 5
    assert "first_byte_ms=" in report


async def test_not_beyond_what_the_database_takes(sm, alert, service, postgres, prometheus, kubernetes):
    known = await connections(service, postgres, prometheus, kubernetes)
    async with sm.running(known, params={"connections_per_replica": 10}) as daemon:
        run = await daemon.alert(alertname="SergasResponsesSlow", **alert)
        await daemon.ends(run, "escalated")
        assert "steps.pool.headroom" in await daemon.report(run)
    assert replicas(kubernetes) == 2


async def test_where_an_autoscaler_owns_the_count_a_person_is_asked(
    sm, alert, service, postgres, prometheus, kubernetes
):
    known = await connections(service, postgres, prometheus, kubernetes)
    kubernetes.world.autoscaler("sergas-app", "Deployment", "sergas-app", namespace="sergas")
    async with sm.running(known, params={"connections_per_replica": 2}) as daemon:
        run = await daemon.alert(alertname="SergasResponsesSlow", **alert)
        await daemon.reaches(run, "awaiting_approval")
    assert replicas(kubernetes) == 2
