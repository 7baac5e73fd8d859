"""Isolated, brought back by steps with a probe after each; a probe that fails ends it there."""

from aiohttp import web

ROWS = ("AP-13",)
BACKENDS = {"kubernetes": "fake", "postgres": "real", "prometheus": "fake", "http": "fake"}
ALERT = {"alertname": "AIServiceRecovery", "platform": "ai", "severity": "critical"}


def counts(platform):
    """Return the replicas that were asked for, in order."""
    return [
        seen.json["spec"]["replicas"] for seen in platform.kubernetes.requests
        if seen.method == "PATCH" and seen.path.endswith("/scale") and "dryRun" not in seen.query
    ]  # fmt: skip


def heals_when_isolated(platform):
    """The gateway works again once it was stopped."""

    async def health(_request):
        well = 0 in counts(platform)
        platform.endpoints()
        return web.json_response({"status": "ok"}, status=200 if well else 503)

    platform.gateway.answers["/health"] = health
    platform.prometheus.values = {"http_requests_total": 0.01}


def no_rollout(document):
    """The pretended pods are as new as the test."""
    (history,) = (s for s in document["guides"]["ap-recovery"]["diagnose"] if s["id"] == "rollout")
    history["kubernetes.rollout_history"] = history["kubernetes.rollout_history"] | {"within": "1ms"}


async def test_step_by_step(platform, database):
    heals_when_isolated(platform)
    async with platform.up(edit=no_rollout) as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.approve(run, reason="isolate it")
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert counts(platform) == [0, 1, 3]
    assert platform.deployment()["spec"]["replicas"] == 3
    assert "isolate - bring back by steps" in report


async def test_a_probe_that_fails_keeps_the_rest_isolated(platform, database):
    platform.gateway.answers["/health"] = 503
    async with platform.up(edit=impatient) as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.approve(run)
        ended = await daemon.ends(run, "escalated")
    assert counts(platform) == [0, 1]
    assert "http.probe" in ended["reason"]


def impatient(document):
    no_rollout(document)
    for remedy in document["guides"]["ap-recovery"]["remedies"]:
        for step in remedy["steps"]:
            if "attempts" in step:
                step["attempts"] = 2


async def test_a_rollout_is_undone_while_nothing_runs(platform, database):
    heals_when_isolated(platform)
    platform.release("example/api-gateway:2")
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.approve(run, reason="no migrations")
        await daemon.ends(run, "succeeded")
    assert counts(platform) == [0, 1, 3]
    assert platform.deployment()["spec"]["template"]["spec"]["containers"][0]["image"] == "example/api-gateway:1"


async def test_without_the_database_nothing_is_tried(platform):
    platform.gateway.answers["/health"] = 503
    async with platform.up(edit=no_rollout) as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "escalated")
    assert counts(platform) == []
