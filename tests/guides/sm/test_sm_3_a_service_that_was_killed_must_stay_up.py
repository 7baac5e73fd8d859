"""A service that ends again and again: restarted, and given less to do where memory was short."""

from aiohttp import web

ROWS = ("SM-3",)
BACKENDS = {"systemd": "fake", "host": "fake", "ssh": "real", "command": "real", "http": "fake"}
KILLED = (
    "2026-01-05T01:00:00+0000 sergas kernel: Out of memory: Killed process 812 (python) total-vm:9000000kB, "
    "anon-rss:7000000kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:9kB oom_score_adj:0"
)


async def test_restarted_it_has_to_stay_up(sm, alert, service):
    sm.machine.unit("failed", "failed", "oom-kill")
    app = await service({"/health": 200})
    async with sm.running({"http": {"sergas": app.connection()}}, params={"stays_up": "1s"}) as daemon:
        run = await daemon.alert(alertname="SergasAppCrashing", host="sergas", **alert)
        await daemon.ends(run, "succeeded")
    assert sm.machine.restarts == ["sergas-app.service"]


async def test_killed_for_want_of_memory_it_gets_less_to_do(sm, alert, service):
    # systemd has brought it up again by itself, so there is nothing to restart but for the new settings.
    sm.machine.journal(KILLED)

    async def health(_request):
        return web.Response(status=200 if sm.machine.restarts else 503)

    app = await service({"/health": health})
    async with sm.running({"http": {"sergas": app.connection()}}, params={"stays_up": "1s"}) as daemon:
        run = await daemon.alert(alertname="SergasAppCrashing", host="sergas", **alert)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert sm.machine.variables == {"MAX_CONCURRENT_ACCOUNTS": "5", "CELERY_WORKER_CONCURRENCY": "2"}
    assert sm.machine.restarts == ["sergas-app.service"]
    assert "kills=1" in report
