"""A leak: the pod that uses most memory goes; the slope tells whether that helped; then the limit is asked for."""

from fakes.kubernetes_looks import measure

ROWS = ("SP-4",)
BACKENDS = {"kubernetes": "fake", "prometheus": "fake"}
ALERT = {"alertname": "MemoryLeak", "platform": "service-platform", "service": "business-logic", "severity": "warning"}
NAME = "business-logic"
USED = "1900Mi"  #: of the 2Gi that a pod may use


def full(platform):
    """Fill one pod; return its name."""
    world = platform.kubernetes.world
    measure(world, memory="512Mi", namespace="services")
    name = platform.pods(NAME)[1]["metadata"]["name"]
    usage = {"cpu": "100m", "memory": USED}
    world.objects["podmetrics", "services", name]["containers"] = [{"name": "app", "usage": usage}]
    return name


async def test_the_pod_that_uses_most_goes_and_the_slope_is_flat(platform):
    largest = full(platform)

    def leaking():
        return any(pod["metadata"]["name"] == largest for pod in platform.pods(NAME))

    platform.prometheus.values["deriv("] = lambda: 90_000 if leaking() else 40
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "succeeded")
    assert [path.rpartition("/")[0].rpartition("/")[2] for _, path in platform.writes()] == [largest]
    assert not leaking()
    assert any("[30m]" in query for query in platform.prometheus.queries)


def impatient(pack):
    pack["guides"]["sp-memory-leak"]["verify"]["within"] = "500ms"


async def test_if_that_does_not_help_a_higher_limit_is_asked_for(platform):
    platform.container(NAME)["resources"] = {"limits": {"memory": "2Gi"}}
    platform.kubernetes.world.finish("deployments", "services", NAME)
    full(platform)

    def limit():
        return platform.container(NAME)["resources"]["limits"]["memory"]

    platform.prometheus.values["deriv("] = lambda: 90_000 if limit() == "2Gi" else 40
    platform.kubernetes.world.event(f"Deployment/{NAME}", "OOMKilling", namespace="services")
    for pod in platform.pods(NAME)[:1]:
        (container,) = pod["status"]["containerStatuses"]
        last = {"reason": "OOMKilled", "exitCode": 137, "finishedAt": platform.kubernetes.world.stamp(60)}
        container |= {"restartCount": 3, "lastState": {"terminated": last}}
    async with platform.up(impatient) as daemon:
        run = await daemon.alert(**ALERT)
        asked = await daemon.approve(run)
        assert "pods restart" in asked["reason"]
        await daemon.ends(run, "succeeded")
    assert limit() == "4Gi"
