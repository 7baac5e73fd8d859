"""Crash loops: memory (limit up), a rollout (undone), or evidence for people."""

import pytest
from fakes.kubernetes_api import Log

ROWS = ("SP-10",)
BACKENDS = {"postgres": "real", "kubernetes": "fake"}
ALERT = {"alertname": "PodCrashLooping", "platform": "service-platform", "service": "data-processor", "severity": "critical"}
NAME = "data-processor"


@pytest.fixture
def crashing(platform):
    """Crash a pod; the log of the run before says why."""

    def make(said, *, ended="Error", code=1):
        platform.unready(NAME, 1, reason="CrashLoopBackOff", ended=ended, code=code)
        for pod in platform.pods(NAME):
            platform.kubernetes.logs["services", pod["metadata"]["name"], "app", True] = Log([(60.0, said)])
        return platform.pods(NAME)[0]["metadata"]["name"]

    return make


async def test_killed_for_memory_the_limit_goes_up_after_an_approval(platform, database, crashing):
    platform.container(NAME)["resources"] = {"limits": {"memory": "2Gi"}}
    platform.kubernetes.world.finish("deployments", "services", NAME)
    crashing("allocating", ended="OOMKilled", code=137)
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
        assert "steps.pods.oom_killed = 1" in await daemon.report(run)
    assert platform.container(NAME)["resources"]["limits"]["memory"] == "4Gi"


async def test_a_rollout_that_crashes_is_undone_after_an_approval(platform, database, crashing):
    platform.release(NAME, "example/data-processor:2")
    crashing("Traceback (most recent call last):")
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert platform.container(NAME)["image"] == "example/data-processor:1"
    assert "steps.history.began_with_rollout = true" in report
    assert "steps.pods.oom_killed = 0" in report  # why memory was ruled out


async def test_a_dependency_is_for_people_though_it_answers_again(platform, database, crashing):
    crashing("Error: Cannot connect to database")
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "escalated")
        assert "Cannot connect to database" in await daemon.report(run)
    assert platform.writes() == []


@pytest.mark.parametrize("said", ["Error: Cannot connect to database", "Error: Address already in use: 8080"])
async def test_a_dependency_that_is_away_or_a_port_in_use_is_for_people(platform, crashing, said):
    crashing(said)  # and no database answers
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "escalated")
        assert said in await daemon.report(run)
    assert platform.writes() == []
