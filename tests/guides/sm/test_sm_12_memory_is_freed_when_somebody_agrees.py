"""The machine is short of memory: less at a time by day, a restart at night, both after an approval."""

ROWS = ("SM-12",)
BACKENDS = {"systemd": "fake", "host": "fake", "ssh": "real", "prometheus": "fake"}


def grows_until_restarted(sm, prometheus, *, after=0.3):
    sm.machine.memory(0.91, after=after)
    prometheus.values["deriv"] = lambda: 1_000_000 if sm.machine.restarts else 900_000_000
    prometheus.values["process_resident_memory_bytes"] = 4e9
    return {"prometheus": {"default": prometheus.connection()}}


async def test_by_day_it_gets_less_to_do(sm, alert, prometheus):
    async with sm.running(grows_until_restarted(sm, prometheus)) as daemon:
        run = await daemon.alert(alertname="SergasMemoryHigh", host="sergas", **alert)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert sm.machine.variables == {"MAX_CONCURRENT_ACCOUNTS": "10", "CELERY_WORKER_CONCURRENCY": "2", "DATABASE_POOL_SIZE": "10"}
    assert sm.machine.restarts == ["sergas-app.service"]
    assert "memory_bytes" in report


async def test_at_night_it_is_restarted(sm, alert, prometheus):
    async with sm.running(grows_until_restarted(sm, prometheus), edit=_at_any_time) as daemon:
        run = await daemon.alert(alertname="SergasMemoryHighAtNight", host="sergas", **alert)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert sm.machine.restarts == ["sergas-app.service"]


async def test_memory_that_stays_high_is_no_success(sm, alert, prometheus):
    async with sm.running(grows_until_restarted(sm, prometheus, after=0.85), edit=_at_any_time) as daemon:
        run = await daemon.alert(alertname="SergasMemoryHighAtNight", host="sergas", **alert)
        await daemon.approve(run)
        await daemon.ends(run, "escalated")


def _at_any_time(document):
    for rule in document["rules"]:
        rule.pop("active_time_intervals", None)
