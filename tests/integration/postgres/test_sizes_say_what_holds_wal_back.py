import pytest


@pytest.fixture
def slot(admin):
    admin.execute("SELECT pg_create_physical_replication_slot('forgotten', true)")
    yield
    admin.execute("SELECT pg_drop_replication_slot('forgotten')")


async def test_a_slot_that_nobody_reads(slot, context, perform, table, admin):
    table("grown", "id int, text text")
    admin.execute("INSERT INTO grown SELECT g, repeat('x', 200) FROM generate_series(1, 20000) g")
    said = await perform("sizes", context)
    assert "shop" in [each.name for each in said.databases]
    assert said.tables[0].name == "public.grown"
    assert said.tables[0].bytes > 4_000_000
    (found,) = said.slots
    assert (found.name, found.active) == ("forgotten", False)
    assert found.bytes > 4_000_000
    assert said.wal_held_by == [f"the unused replication slot forgotten holds back {found.bytes:,} bytes"]
    assert said.wal_bytes == (await perform("check", context, metric="wal_bytes", above=0)).value
    assert not said.archiver_failing


async def test_a_checkpoint_lets_wal_go_that_nothing_holds(context, perform, admin, table, action):
    table("churned", "id int, text text")
    for _ in range(3):
        admin.execute("INSERT INTO churned SELECT g, repeat('x', 200) FROM generate_series(1, 50000) g")
        admin.execute("SELECT pg_switch_wal()")
    admin.execute("TRUNCATE churned")
    checkpoint = action("checkpoint")
    p = checkpoint.parameters()
    assert (await checkpoint.preview(p, context)).startswith("switch to the next WAL file, then CHECKPOINT; ")
    before = admin.execute("SELECT checkpoint_lsn::text FROM pg_control_checkpoint()").fetchone()[0]
    said = await checkpoint.perform(p, context)
    assert said.checkpoint != before
    assert said.wal_bytes <= said.wal_bytes_before
    await checkpoint.perform(p, context)  # again does no harm


async def test_hints_of_missing_indexes(context, perform, table, admin):
    table("parents", "id int PRIMARY KEY")
    table("children", "id int, parent int REFERENCES parents, other int REFERENCES parents")
    admin.execute("INSERT INTO parents VALUES (1)")
    admin.execute("INSERT INTO children SELECT g, 1, 1 FROM generate_series(1, 20000) g")
    admin.execute("CREATE INDEX ON children (other, id)")
    admin.execute("ANALYZE children")
    admin.execute("SELECT count(*) FROM children WHERE parent = 2")
    admin.execute("SELECT pg_stat_force_next_flush()")
    admin.execute("SELECT 1")
    said = await perform("missing_indexes", context)
    assert said.found
    assert [(each.table, each.columns) for each in said.foreign_keys] == [("public.children", ["parent"])]
    assert "public.children" in [each.name for each in said.tables]
    assert (await perform("missing_indexes", context, min_rows=10_000_000)).tables == []
