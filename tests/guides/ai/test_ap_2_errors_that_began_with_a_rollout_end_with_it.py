"""The rollout that the errors began with is undone when somebody agrees; without one it is restarted, or only shown."""

import copy

ROWS = ("AP-2",)
BACKENDS = {"kubernetes": "fake", "postgres": "real", "prometheus": "fake", "http": "fake"}
ALERT = {"alertname": "AIGatewayErrors", "platform": "ai", "severity": "critical"}


def image(platform):
    return platform.deployment()["spec"]["template"]["spec"]["containers"][0]["image"]


async def test_it_is_undone(platform, database):
    old = image(platform)
    platform.release("example/api-gateway:2")
    platform.prometheus.values = {"5..": lambda: 0.0 if image(platform) == old else 0.4}
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        asked = await daemon.approve(run, reason="no migrations in it")
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert "undo the rollout that the errors began with" in asked["reason"]
    assert image(platform) == old
    assert "no migrations in it" in report


async def test_who_refuses_keeps_it(platform, database):
    platform.release("example/api-gateway:2")
    platform.prometheus.values = {"5..": 0.4}
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.refuse(run, reason="its migrations have run")
        await daemon.ends(run, "refused")
    assert image(platform) == "example/api-gateway:2"
    assert platform.writes() == []


async def test_pods_killed_for_memory_are_shown(platform, database):
    world = platform.kubernetes.world
    for pod in world.of("pods", "shop"):
        killed = copy.deepcopy(pod)
        killed["status"]["containerStatuses"][0] |= {
            "restartCount": 7, "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}},
        }  # fmt: skip
        world.put("pods", killed)
    platform.prometheus.values = {"5..": 0.4}
    async with platform.up(edit=all_rollouts_are_old) as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "escalated")
        report = await daemon.report(run)
    assert platform.writes() == []
    assert "steps.pods.oom_killed = 2" in report


def all_rollouts_are_old(document):
    """The pretended pods are as new as the test."""
    (history,) = (s for s in document["guides"]["ap-gateway-errors"]["diagnose"] if s["id"] == "rollout")
    history["kubernetes.rollout_history"] = history["kubernetes.rollout_history"] | {"within": "1ms"}
