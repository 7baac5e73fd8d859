"""A statement that reads a whole table of a real server gets its listed index, when somebody agrees."""

import time

from guides.ai.conftest import STATEMENT

ROWS = ("AP-6",)
BACKENDS = {"postgres": "real", "prometheus": "fake"}
PARAMS = {"statement": "ai-slow-statement", "table": "public.orders", "index_table": "orders", "index": "orders_customer_id_idx"}


def only_the_test_s_table(document):
    (rule,) = (rule for rule in document["rules"] if rule["name"].startswith("AP-6"))
    rule["with"] |= PARAMS


async def test_the_index_is_built_and_used(platform, database):
    admin = database.admin
    admin.execute("INSERT INTO public.orders (customer_id, note) SELECT n % 5000, repeat('x', 80) FROM generate_series(1, 60000) n")
    admin.execute("ANALYZE public.orders")
    for _ in range(6):
        admin.execute(STATEMENT)

    def seconds():
        began = time.perf_counter()
        for _ in range(5):
            admin.execute(STATEMENT)
        return (time.perf_counter() - began) / 5

    before = min(seconds() for _ in range(5))  # a busy machine must not make it look slower than it is
    platform.prometheus.values = {"pg_stat_statements": lambda: seconds() / before}
    async with platform.up(edit=only_the_test_s_table, slow_mean=0.3) as daemon:
        run = await daemon.alert(alertname="AIStatementsSlow", platform="ai", severity="warning", queryid="42")
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert database.one("SELECT indisvalid FROM pg_index WHERE indexrelid = 'public.orders_customer_id_idx'::regclass")
    plan = "\n".join(row[0] for row in admin.execute(f"EXPLAIN {STATEMENT}").fetchall())
    assert "orders_customer_id_idx" in plan
    assert "build the listed index" in report
    assert 'queryid="42"' in platform.prometheus.queries[-1]
