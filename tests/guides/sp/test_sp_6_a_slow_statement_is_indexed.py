"""A statement that reads a whole table is really slow, is really given its index, and is really fast afterwards."""

from concurrent.futures import ThreadPoolExecutor

import pytest

ROWS = ("SP-6",)
BACKENDS = {"postgres": "real", "prometheus": "fake"}
ALERT = {"alertname": "SlowStatements", "platform": "service-platform", "severity": "warning"}
STATEMENT = "SELECT * FROM public.orders WHERE customer_id = 42"
LIMIT = 0.004  #: seconds; the table is read in more, the index in far less


@pytest.fixture
def slow(platform, database):
    """Fill the table; Prometheus tells what the statement's mean really was since it was asked last."""
    database.admin.execute("INSERT INTO public.orders (customer_id) SELECT n % 50000 FROM generate_series(1, 300000) n")
    database.admin.execute("ANALYZE public.orders")
    platform.connections["postgres"]["platform"] = database.connection(
        statements={"slow-orders": {"sql": STATEMENT}},
        indexes={"orders_customer_created_idx": {"table": "public.orders", "definition": "(customer_id)"}},
    )
    (application,) = database.clients()

    def mean():
        database.admin.execute("SELECT pg_stat_statements_reset()")
        for _ in range(3):
            application.execute(STATEMENT, prepare=False)
        query = "SELECT sum(total_exec_time) / sum(calls) / 1000 FROM pg_stat_statements WHERE query LIKE '%customer_id = $1%'"
        return float(database.one(query))

    platform.prometheus.values["pg_stat_statements_seconds_total"] = mean
    return mean


def indexed(database):
    return database.one("SELECT count(*) FROM pg_indexes WHERE indexname = 'orders_customer_created_idx'") == 1


async def test_indexed_after_an_approval(platform, database, slow):
    assert slow() > LIMIT
    async with platform.up(mean_seconds=LIMIT) as daemon:
        run = await daemon.alert(**ALERT)
        asked = await daemon.approve(run)
        assert not indexed(database)
        assert "build the listed index" in asked["reason"]
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert indexed(database)
    assert slow() < LIMIT
    assert "steps.plan.sequential_scans" in report


async def test_statements_that_wait_for_a_lock_get_no_index(platform, database, slow):
    holder, waiter = database.clients(2)
    holder.execute("BEGIN")
    holder.execute("LOCK TABLE public.users IN ACCESS EXCLUSIVE MODE")
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(waiter.execute, "SELECT count(*) FROM public.users")
        async with platform.up(mean_seconds=LIMIT) as daemon:
            run = await daemon.alert(**ALERT)
            shown = await daemon.ends(run, "escalated")
        holder.execute("ROLLBACK")
        waiting.result(10)
    assert "steps.blocking.blocked = 1" in shown["reason"]
    assert not indexed(database)
