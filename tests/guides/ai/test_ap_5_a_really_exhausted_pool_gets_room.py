"""Idle sessions that have taken all connections of a real server are ended; those that work stay."""

import asyncio

ROWS = ("AP-5",)
BACKENDS = {"postgres": "real", "kubernetes": "fake"}
ALERT = {"alertname": "AIDatabaseConnectionsHigh", "platform": "ai", "severity": "critical"}


async def test_idle_connections_are_ended(platform, database):
    (works,) = database.clients(1, application="reports")
    works.execute("BEGIN")
    works.execute("SELECT 1")  # in a transaction: not idle, whatever it waits for
    taken = database.exhaust(application="api-gateway")
    async with platform.up(idle_seconds=1) as daemon:
        await asyncio.sleep(1.1)  # the server's own clock tells how long they are idle
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    left = database.one("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'api-gateway'")
    assert left < len(taken)
    assert database.one("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'reports'") == 1
    assert "end idle connections" in report
