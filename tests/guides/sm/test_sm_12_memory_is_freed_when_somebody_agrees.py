"""The machine is short of memory: less at a time by day, a restart at night, both after an approval."""

ROWS = ("SM-12",)
BACKENDS = {"systemd": "fake", "host": "real", "ssh": "real", "command": "real", "prometheus": "fake"}


def grows_until_restarted(sm, prometheus):
    prometheus.values["deriv"] = lambda: 1_000_000 if sm.machine.restarts else 900_000_000
    prometheus.values["process_resident_memory_bytes"] = 4e9


async def test_by_day_it_gets_less_to_do(sm, alert, prometheus):
    grows_until_restarted(sm, prometheus)
    # The machine's real memory is above one limit and below the other.
    async with sm.running({"prometheus": {"default": prometheus.connection()}}, edit=_limits("sm-memory-high")) as daemon:
        run = await daemon.alert(alertname="SergasMemoryHigh", host="sergas", **alert)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert sm.machine.lines("environment")[-3:] == [
        "MAX_CONCURRENT_ACCOUNTS=10", "CELERY_WORKER_CONCURRENCY=2", "DATABASE_POOL_SIZE=10",
    ]  # fmt: skip
    assert sm.machine.restarts == ["sergas-app.service"]
    assert "memory_bytes" in report


async def test_at_night_it_is_restarted(sm, alert, prometheus):
    grows_until_restarted(sm, prometheus)
    known = {"prometheus": {"default": prometheus.connection()}}
    async with sm.running(known, params={"full_share": 0.01}, edit=_at_any_time) as daemon:
        run = await daemon.alert(alertname="SergasMemoryHighAtNight", host="sergas", **alert)
        await daemon.approve(run)
        # The real memory stays above 1 %: it is not called a success.
        await daemon.ends(run, "escalated")
    assert sm.machine.restarts == ["sergas-app.service"]


def _at_any_time(document):
    for rule in document["rules"]:
        rule.pop("active_time_intervals", None)


def _limits(guide):
    def edit(document):
        found = document["guides"][guide]
        found["remedies"][0]["when"] = "steps.memory.used_share > 0.001"
        found["verify"]["all"][0]["host.check"]["memory_below"] = 1

    return edit
