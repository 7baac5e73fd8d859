"""A Job deploys the worker again, when somebody agrees and nothing that it needs is away."""

import asyncio

from fakes.kubernetes_changes import cron_job, end_job

ROWS = ("AP-3",)
BACKENDS = {"kubernetes": "fake", "http": "fake"}
ALERT = {"alertname": "AIEdgeWorkerDown", "platform": "ai", "severity": "critical"}


async def test_by_a_job(platform):
    cron_job(platform.kubernetes.world, "ai-worker-deploy")
    platform.worker.answers["/health"] = (522, "connection timed out")
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.approve(run)
        (job,) = await begun(platform)
        platform.worker.answers["/health"] = {"status": "ok"}
        end_job(platform.kubernetes.world, job["metadata"]["name"], "complete")
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert "deploy the worker again" in report
    assert "522" in report


async def begun(platform):
    async with asyncio.timeout(10):
        while not (jobs := platform.kubernetes.world.of("jobs", "shop")):
            await asyncio.sleep(0.02)
    return jobs


async def test_not_while_its_storage_refuses(platform):
    cron_job(platform.kubernetes.world, "ai-worker-deploy")
    platform.worker.answers["/health"] = (522, "connection timed out")
    platform.provider.answers["/accounts/acc-1/r2/buckets/ai-platform-videos/objects"] = (403, {"success": False})
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "escalated")
        assert "steps.bucket.holds" in await daemon.report(run)
    assert platform.writes() == []
