"""Somebody tries to get in: requests are limited, then an address is kept out for a time; a person decides each."""

ROWS = ("SM-13",)
BACKENDS = {"systemd": "fake", "ssh": "real", "command": "real", "prometheus": "fake"}
LINE = "2026-01-05T00:00:00+0000 sergas app[1]: WARNING authentication failed path=/api remote_ip=203.0.113.9"


async def test_an_address_that_goes_on_is_kept_out(sm, alert, prometheus):
    guest = LINE.replace("203.0.113.9", "198.51.100.7")
    sm.machine.journal(*[LINE] * 30, guest, guest.replace("WARNING authentication failed", "INFO signed in"))
    prometheus.values["401|403"] = lambda: 1 if len(sm.machine.lines("done")) > 1 else 300
    async with sm.running({"prometheus": {"default": prometheus.connection()}}) as daemon:
        run = await daemon.alert(alertname="SergasUnauthorisedAccess", remote_ip="203.0.113.9", **alert)
        asked = await daemon.approve(run)
        assert "limit requests" in asked["reason"]
        await daemon.reaches(run, "verifying")
        asked = await daemon.approve(run)
        assert "keep out the address" in asked["reason"]
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert sm.machine.lines("done") == ["revoke 7d", "block 203.0.113.9 1h"]
    assert "failed_by_address={203.0.113.9=30, 198.51.100.7=1}, seen_by_address={203.0.113.9=30, 198.51.100.7=2}" in report
    assert len(sm.machine.restarts) == 1  # for the limit, not for the block


async def test_where_that_helps_nobody_is_kept_out(sm, alert, prometheus):
    prometheus.values["401|403"] = lambda: 1 if sm.machine.restarts else 300
    async with sm.running({"prometheus": {"default": prometheus.connection()}}) as daemon:
        run = await daemon.alert(alertname="SergasUnauthorisedAccess", remote_ip="203.0.113.9", **alert)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert sm.machine.lines("done") == ["revoke 7d"]


async def test_without_an_address_requests_are_limited(sm, alert, prometheus):
    prometheus.values["401|403"] = lambda: 1 if sm.machine.restarts else 300
    async with sm.running({"prometheus": {"default": prometheus.connection()}}) as daemon:
        run = await daemon.alert(alertname="SergasUnauthorisedAccess", **alert)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert sm.machine.variables == {"ENABLE_RATE_LIMITING": "true", "RATE_LIMIT_PER_MINUTE": "60"}
    assert sm.machine.lines("done") == ["revoke 7d"]


async def test_what_is_no_address_is_refused(sm, alert, prometheus):
    async with sm.running({"prometheus": {"default": prometheus.connection()}}) as daemon:
        assert not await daemon.alert(alertname="SergasUnauthorisedAccess", remote_ip="--flush", **alert)
    assert sm.machine.lines("done") == []
