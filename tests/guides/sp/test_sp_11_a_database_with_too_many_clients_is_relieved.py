"""A server that really takes no more clients: idle sessions are ended; a higher max_connections needs people."""

import asyncio

import psycopg
import pytest

ROWS = ("SP-11",)
BACKENDS = {"postgres": "real"}
ALERT = {"alertname": "TooManyClients", "platform": "service-platform", "severity": "critical"}


async def test_idle_sessions_are_ended(platform, database):
    database.exhaust("leaky")
    with pytest.raises(psycopg.OperationalError, match="remaining connection slots"):
        database.clients()
    await asyncio.sleep(1.1)  # as long as a session must be idle
    async with platform.up(idle_seconds=1) as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    database.clients()  # there is room again
    assert "leaky" in report


async def test_sessions_that_are_not_idle_for_long_stay_and_max_connections_is_written_after_an_approval(platform, database):
    platform.connections["postgres"]["platform"] = database.connection(settings=["max_connections"])
    sessions = database.exhaust("busy")

    def impatient(pack):
        pack["guides"]["sp-too-many-clients"]["verify"]["within"] = "500ms"

    try:
        async with platform.up(impatient) as daemon:
            run = await daemon.alert(**ALERT)
            asked = await daemon.approve(run)
            assert "counts after a restart" in asked["reason"]
            await daemon.ends(run, "escalated")
            report = await daemon.report(run)
            assert database.one("SELECT setting FROM pg_file_settings WHERE name = 'max_connections' AND sourcefile LIKE '%auto.conf'") == "300"
            back = await daemon.api(f"runs/{run}/undo", {"who": "anna", "reason": "a pooler instead"})
            await daemon.ends(back["run"], "undone")
            assert database.one("SELECT count(*) FROM pg_file_settings WHERE name = 'max_connections' AND sourcefile LIKE '%auto.conf'") == 0
    finally:
        database.admin.execute("ALTER SYSTEM RESET max_connections")
    assert "pending_restart=true" in report
    assert all(session.execute("SELECT 1").fetchone() for session in sessions)
