"""The CRM limits calls: fewer, cached and batched, after an approval."""

ROWS = ("SM-9",)
BACKENDS = {"systemd": "fake", "ssh": "real", "prometheus": "fake"}


async def test_calls_a_minute_fall(sm, alert, prometheus):
    sm.machine.journal("2026-01-05T00:00:00+0000 sergas app[1]: ERROR zoho answered 429, rate limit exceeded")
    prometheus.values["sergas_zoho_api_calls_total"] = lambda: 48 if sm.machine.restarts else 130
    async with sm.running({"prometheus": {"default": prometheus.connection()}}) as daemon:
        run = await daemon.alert(alertname="SergasCrmRateLimited", **alert)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert sm.machine.variables == {
        "ENABLE_RATE_LIMITING": "true", "RATE_LIMIT_PER_MINUTE": "50", "REDIS_CACHE_TTL": "300", "ZOHO_BATCH_SIZE": "10",
        "ZOHO_BATCH_DELAY": "2", "CIRCUIT_BREAKER_FAILURE_THRESHOLD": "5", "CIRCUIT_BREAKER_RECOVERY_TIMEOUT": "60",
    }  # fmt: skip
    assert sm.machine.restarts == ["sergas-app.service"]


async def test_refused_nothing_is_changed(sm, alert, prometheus):
    prometheus.values["sergas_zoho_api_calls_total"] = 130
    async with sm.running({"prometheus": {"default": prometheus.connection()}}) as daemon:
        run = await daemon.alert(alertname="SergasCrmRateLimited", **alert)
        await daemon.refuse(run)
        await daemon.ends(run, "refused")
    assert sm.machine.variables == {}
    assert sm.machine.restarts == []
