"""A real replica really lags, since a long read on it stands against replay; reads go to the primary, and back."""

import asyncio
import contextlib

import psycopg
import pytest

ROWS = ("SP-12",)
BACKENDS = {"postgres": "real", "kubernetes": "fake", "prometheus": "fake"}
LAGS = {"alertname": "ReplicationLag", "platform": "service-platform", "severity": "warning"}
CAUGHT_UP = {"alertname": "ReplicaCaughtUp", "platform": "service-platform", "severity": "info"}
NAME = "business-logic"
VARIABLE = "DATABASE_READS_FROM"


@pytest.fixture(scope="module")
def replica_server(postgres_server):
    replica = postgres_server.replica()
    yield replica
    replica.stop()


@pytest.fixture
def reader(platform, database, replica_server):
    """Read from the replica as the application does: a transaction that stays open until reads go elsewhere."""
    platform.connections["postgres"]["platform-replica"] = database.connection() | {"port": replica_server.port}
    reader = psycopg.connect(
        host="127.0.0.1", port=replica_server.port, user="shop", password="shop", dbname="shop",
        application_name=NAME,
    )  # fmt: skip
    with contextlib.closing(reader):
        yield reader


def seen(replica_server):
    """Return how many orders the replica shows."""
    with replica_server.admin("shop") as there:
        return there.execute("SELECT count(*) FROM public.orders").fetchone()[0]


async def test_there_after_an_approval(platform, database, replica_server, reader):
    reader.execute("SELECT count(*) FROM public.audit").fetchone()
    database.admin.execute("TRUNCATE public.audit")  # replay waits for the reader
    database.admin.execute("INSERT INTO public.orders (customer_id) SELECT generate_series(1, 5000)")
    await asyncio.sleep(0.6)  # longer than it may be behind here
    assert seen(replica_server) == 0

    async def application():
        while platform.env(NAME).get(VARIABLE) != "primary":
            await asyncio.sleep(0.02)
        reader.rollback()

    async with platform.up(lag_seconds=0.4) as daemon:
        follows = asyncio.create_task(application())
        run = await daemon.alert(**LAGS)
        asked = await daemon.approve(run)
        assert "pods restart" in asked["reason"]
        await daemon.ends(run, "succeeded")
        await follows
        report = await daemon.report(run)
    assert seen(replica_server) == 5000
    assert platform.env(NAME)[VARIABLE] == "primary"
    assert "steps.replica.worst_seconds" in report


async def test_and_back_after_another_one(platform, database, replica_server, reader):
    platform.container(NAME)["env"] = [{"name": VARIABLE, "value": "primary"}]
    platform.kubernetes.world.finish("deployments", "services", NAME)
    platform.prometheus.values["database_reads_from_primary"] = lambda: int(platform.env(NAME)[VARIABLE] == "primary")
    async with platform.up() as daemon:
        run = await daemon.alert(**CAUGHT_UP)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert platform.env(NAME)[VARIABLE] == "replica"
