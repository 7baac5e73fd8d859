import asyncio

import pytest

from remediator.errors import PermanentError, TemporaryError

TABLE = "public.bloated"


@pytest.fixture
def full(action):
    return action("vacuum_full")


@pytest.fixture
def bloated(table, admin):
    table("bloated", "id int PRIMARY KEY, note text", owner="postgres")
    admin.execute("INSERT INTO bloated SELECT n, repeat('x', 200) FROM generate_series(1, 3000) AS n")
    admin.execute("DELETE FROM bloated WHERE id % 10 <> 0")


@pytest.fixture
def context(connect):
    return connect(rebuild_tables=[TABLE], lock_timeout="200ms")


async def test_the_disk_gets_its_empty_part_back(bloated, full, context, admin):
    admin.execute("GRANT MAINTAIN ON bloated TO remediator")
    p = full.parameters(table=TABLE, within="1m")
    intent = await full.resolve(p, context)
    said = await full.preview(p, context)
    assert f"{intent.before['bytes']:,} bytes and" in said
    assert "ACCESS EXCLUSIVE), 1m at most; it waits 0.2s for that lock; 0 sessions hold one" in said
    assert await full.happened(intent, context) is False
    done = await full.perform(p, context)
    assert done.bytes < done.bytes_before / 5
    assert done.index_bytes < done.index_bytes_before
    assert await full.happened(intent, context) is True
    assert admin.execute("SELECT count(*) FROM bloated").fetchone() == (300,)


async def test_it_does_not_wait_long_for_its_lock(bloated, full, context, admin, clients):
    admin.execute("GRANT MAINTAIN ON bloated TO remediator")
    (reader,) = clients()
    reader.execute("BEGIN")
    reader.execute("SELECT FROM bloated LIMIT 1")
    intent = await full.resolve(full.parameters(table=TABLE), context)
    assert "; 1 sessions hold one on it now" in await full.preview(intent.parameters, context)
    async with asyncio.timeout(5):
        with pytest.raises(TemporaryError):
            await full.perform(intent.parameters, context)
    assert await full.happened(intent, context) is False


async def test_one_that_was_skipped_is_no_success(bloated, full, context):
    with pytest.raises(PermanentError, match="permission denied"):
        await full.perform(full.parameters(table=TABLE), context)


async def test_only_what_is_listed_for_it(bloated, full, connect):
    for tables in ({"tables": [TABLE]}, {"rebuild_tables": ["public.orders"]}):
        for step in (full.perform, full.preview, full.resolve):
            with pytest.raises(PermanentError, match="listed"):
                await step(full.parameters(table=TABLE), connect(**tables))
    with pytest.raises(PermanentError, match=r"no table public\.gone"):
        await full.preview(full.parameters(table="public.gone"), connect(rebuild_tables=["public.gone"]))
