"""503: overwhelmed, breaker open, image that cannot be pulled, killed for memory, hanging; the cause decides."""

import pytest
from aiohttp import web
from fakes.kubernetes_looks import measure

ROWS = ("SP-3",)
BACKENDS = {"postgres": "real", "kubernetes": "fake", "http": "fake"}
ALERT = {"alertname": "ServiceUnavailable", "platform": "service-platform", "service": "data-processor", "severity": "critical"}
NAME = "data-processor"


@pytest.fixture
def answers(platform):
    """Make the service answer 503 as long as a condition holds."""

    def until(well, breaker="closed"):
        async def health(_request):
            document = {"checks": {"circuit_breaker": "closed" if well() else breaker}}
            return web.json_response(document, status=200 if well() else 503)

        platform.api.answers["/health"] = health

    return until


async def test_an_overwhelmed_one_is_scaled_to_fifteen(platform, database, answers):
    measure(platform.kubernetes.world, cpu="480m", memory="512Mi", namespace="services")
    answers(lambda: platform.deployment(NAME)["spec"]["replicas"] == 15)
    async with platform.up(connections_per_replica=1) as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert platform.deployment(NAME)["spec"]["replicas"] == 15
    assert "steps.usage.highest_cpu_of_limit = 0.96" in report
    for other in ("undo the rollout whose image cannot be pulled", "restart pods that run and fail their probes"):
        assert other in report  # ruled out, with the reason


async def test_with_an_autoscaler_its_bounds_are_raised_when_a_person_agrees(platform, database, answers):
    measure(platform.kubernetes.world, cpu="480m", memory="512Mi", namespace="services")
    autoscaler = platform.kubernetes.world.autoscaler("processor", "Deployment", NAME, namespace="services")
    autoscaler["spec"] |= {"minReplicas": 2, "maxReplicas": 5}

    def now():
        return platform.kubernetes.world.objects["horizontalpodautoscalers", "services", "processor"]["spec"]

    answers(lambda: now()["maxReplicas"] == 15)
    async with platform.up(connections_per_replica=1) as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert (now()["minReplicas"], now()["maxReplicas"]) == (15, 15)
    assert platform.deployment(NAME)["spec"]["replicas"] == 3  # that is the autoscaler's


async def test_an_open_breaker_is_waited_for(platform, database, answers):
    # Two looks at first, one as the remedy, then those of the verification.
    answers(lambda: len(platform.api.requests) > 8, breaker="open")
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "recovered_itself")
        assert "wait for the breaker" in await daemon.report(run)
    assert platform.writes() == []


async def test_an_image_that_cannot_be_pulled_is_rolled_back_after_an_approval(platform, database, answers):
    platform.release(NAME, "example/data-processor:typo")
    platform.unready(NAME, 3, reason="ImagePullBackOff")

    def well():
        return platform.container(NAME)["image"].endswith(":1")

    answers(well)
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.approve(run)
        platform.expose(NAME)
        await daemon.reaches(run, "verifying", "succeeded")
        platform.expose(NAME)
        await daemon.ends(run, "succeeded")
    assert well()


async def test_pods_killed_for_memory_get_more_of_it_after_an_approval(platform, database, answers):
    platform.unready(NAME, 3, reason="CrashLoopBackOff", ended="OOMKilled", code=137)
    limits = {"limits": {"memory": "2Gi"}}
    platform.container(NAME)["resources"] = limits

    def well():
        return platform.container(NAME)["resources"]["limits"]["memory"] == "4Gi"

    answers(well)
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.approve(run)
        await daemon.reaches(run, "verifying", "succeeded")
        platform.expose(NAME)
        await daemon.ends(run, "succeeded")
    assert well()


async def test_pods_that_run_and_fail_their_probes_are_restarted(platform, database, answers):
    platform.unready(NAME, 3)
    platform.kubernetes.world.event(f"Deployment/{NAME}", "Unhealthy", namespace="services", count=9)
    answers(lambda: platform.restarted(NAME))
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.reaches(run, "verifying", "succeeded")
        platform.expose(NAME)
        await daemon.ends(run, "succeeded")
    assert platform.restarted(NAME)


async def test_pods_without_a_node_are_for_people(platform, database, answers):
    for pod in platform.pods(NAME):
        pod["status"] |= {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}
    platform.kubernetes.world.event(f"Deployment/{NAME}", "FailedScheduling", "0/3 nodes are available", namespace="services")
    answers(lambda: False)
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "escalated")
        assert "FailedScheduling" in await daemon.report(run)
    assert platform.writes() == []
