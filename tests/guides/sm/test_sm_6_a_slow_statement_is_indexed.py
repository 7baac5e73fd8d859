"""A statement that reads a whole table: the listed index is made, and the mean falls. All of it on a real server."""

import time

import pytest

ROWS = ("SM-6",)
BACKENDS = {"postgres": "real", "prometheus": "fake"}
QUERY = "SELECT count(*) FROM accounts WHERE owner_id = 7"
LISTED = {
    "statements": {
        "accounts-by-owner": {"sql": "SELECT * FROM accounts WHERE owner_id = %(owner)s"},
        "activities-by-account": {"sql": "SELECT * FROM activities WHERE account_id = %(account)s"},
    },
    "indexes": {
        "idx_accounts_owner_id": {"table": "public.accounts", "definition": "(owner_id)"},
        "idx_activities_account_id": {"table": "public.activities", "definition": "(account_id)"},
    },
    "tables": ["public.accounts"],
}  # fmt: skip


@pytest.fixture
def accounts(postgres):
    postgres.admin.execute("""
        SET ROLE shop_owner;
        CREATE TABLE accounts (id bigserial PRIMARY KEY, owner_id bigint, note text);
        CREATE TABLE activities (id bigserial PRIMARY KEY, account_id bigint);
        INSERT INTO accounts (owner_id, note) SELECT i % 5000, repeat('x', 100) FROM generate_series(1, 150000) i;
        GRANT SELECT ON accounts, activities TO shop, remediator;
        RESET ROLE;
    """)
    postgres.admin.execute("ANALYZE accounts, activities")
    yield
    postgres.admin.execute("DROP TABLE accounts, activities")


def mean_ms(session):
    """Return the median of some calls, in milliseconds: what a recorded mean of the last minutes would say."""
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        session.execute(QUERY)
        taken.append(1000 * (time.perf_counter() - began))
    return sorted(taken)[2]


async def test_the_index_makes_it_fast(sm, alert, postgres, prometheus, accounts):
    (client,) = postgres.clients(1, "sergas-app")
    slow = mean_ms(client)
    # What was measured beforehand is the limit's measure: the machine of a test may be fast or slow.
    prometheus.values["pg_stat_statements_seconds_total"] = lambda: mean_ms(client)
    connections = {
        "postgres": {"sergas": postgres.connection(**LISTED)}, "prometheus": {"default": prometheus.connection()},
    }  # fmt: skip
    async with sm.running(connections, params={"slow_ms": max(slow / 3, 1)}) as daemon:
        run = await daemon.alert(alertname="SergasSlowStatements", queryid="123", **alert)
        asked = await daemon.approve(run)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert asked["status"] == "awaiting_approval"
    assert postgres.one("SELECT indisvalid FROM pg_index WHERE indexrelid = 'idx_accounts_owner_id'::regclass")
    assert postgres.one("SELECT to_regclass('idx_activities_account_id')") is None
    assert "index accounts by their owner" in report
