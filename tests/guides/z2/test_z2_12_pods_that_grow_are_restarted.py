"""Memory grows: a restart at once, and memory must stop growing; a higher limit when a person agrees."""

ROWS = ("Z2-12",)
BACKENDS = {"kubernetes": "fake", "prometheus": "fake"}


async def test_a_restart_ends_the_growth(z2):
    z2.prometheus.values |= {"kube_pod_container_status": 0, "deriv": lambda: 0.1 if z2.restarted() else 8}
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2MemoryLeak", **z2.alert)
        await daemon.ends(run, "succeeded")
    assert z2.writes() == ["PATCH deployments/z2-backend"]


async def test_a_higher_limit_when_it_was_killed(z2):
    def limit():
        return z2.container()["resources"]["limits"]["memory"]

    pod = next(pod for pod in z2.kubernetes.world.of("pods", "z2") if pod["metadata"]["labels"]["app"] == "z2-backend")
    ended = {"reason": "OOMKilled", "exitCode": 137, "finishedAt": z2.kubernetes.world.stamp(60)}
    pod["status"]["containerStatuses"][0] |= {"restartCount": 3, "lastState": {"terminated": ended}}
    z2.prometheus.values |= {"kube_pod_container_status": lambda: 0 if limit() == "2Gi" else 2, "deriv": 0.2}
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2MemoryLeak", **z2.alert)
        asked = await daemon.approve(run)
        assert "pods restart" in asked["reason"]
        await daemon.ends(run, "succeeded")
    assert limit() == "2Gi"
