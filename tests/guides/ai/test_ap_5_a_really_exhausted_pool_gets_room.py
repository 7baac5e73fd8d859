"""Idle sessions that have taken all connections of a real server are ended; those that work stay."""

import asyncio

import yaml
from guides.scenario import RULES, hurried

ROWS = ("AP-5",)
BACKENDS = {"postgres": "real", "kubernetes": "fake"}
ALERT = {"alertname": "AIDatabaseConnectionsHigh", "platform": "ai", "severity": "critical"}


async def test_idle_connections_are_ended(platform, database):
    (works,) = database.clients(1, application="reports")
    works.execute("BEGIN")
    works.execute("SELECT 1")  # in a transaction: not idle, whatever it waits for
    taken = database.exhaust(application="api-gateway")
    async with platform.up(edit=with_short_idleness) as daemon:
        await asyncio.sleep(1)  # the server's own clock tells how long they are idle
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    left = database.one("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'api-gateway'")
    assert left < len(taken)
    assert database.one("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'reports'") == 1
    assert "end idle connections" in report


def with_short_idleness(document):
    """Take the shared guide as it is, but for minutes: sessions of a test are not idle for so long."""
    document["include"].remove("common/postgres.yaml")
    shared = yaml.safe_load((RULES / "common/postgres.yaml").read_text())["guides"]["common-pool-exhausted"]
    hurried({"guides": {"": shared}})
    shared["parameters"]["idle_minutes"]["min"] = 0
    for remedy in shared["remedies"][:2]:
        remedy["steps"][0]["postgres.terminate_idle"]["idle_for"] = "1s"
    document["guides"]["common-pool-exhausted"] = shared
    (rule,) = (rule for rule in document["rules"] if rule["name"].startswith("AP-5"))
    rule["with"]["idle_minutes"] = 0
