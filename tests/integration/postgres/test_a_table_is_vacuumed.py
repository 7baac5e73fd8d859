import pytest

from remediator.errors import PermanentError


@pytest.fixture
def vacuum(action):
    return action("vacuum_analyze")


@pytest.fixture
def dirty(table, admin):
    table("dirty", "id int", owner="postgres")
    admin.execute("INSERT INTO dirty SELECT generate_series(1, 5000)")
    admin.execute("DELETE FROM dirty WHERE id > 1000")
    admin.execute("SELECT pg_stat_force_next_flush()")
    admin.execute("SELECT 1")


@pytest.fixture
def context(connect):
    return connect(tables=["public.dirty"])


async def test_its_dead_rows_are_gone(dirty, vacuum, context, admin, perform):
    admin.execute("GRANT MAINTAIN ON dirty TO remediator")
    p = vacuum.parameters(table="public.dirty")
    sizes = {each.name: each for each in (await perform("sizes", context)).tables}
    assert (sizes["public.dirty"].dead_rows, sizes["public.dirty"].dead_share) == (4000, 0.8)
    intent = await vacuum.resolve(p, context)
    assert await vacuum.happened(intent, context) is False
    assert "4,000 dead" in await vacuum.preview(p, context)
    said = await vacuum.perform(p, context)
    assert (said.dead_before, said.dead) == (4000, 0)
    assert said.bytes < said.bytes_before
    assert await vacuum.happened(intent, context) is True


async def test_one_that_was_skipped_is_no_success(dirty, vacuum, context):
    with pytest.raises(PermanentError, match="permission denied"):
        await vacuum.perform(vacuum.parameters(table="public.dirty"), context)


@pytest.mark.parametrize("name", ["public.orders", 'public.dirty"; DROP TABLE orders; --', "dirty"])
async def test_only_what_is_listed(dirty, vacuum, context, name):
    with pytest.raises(PermanentError, match="listed"):
        await vacuum.perform(vacuum.parameters(table=name), context)


async def test_a_listed_table_that_is_not_there(vacuum, connect):
    with pytest.raises(PermanentError, match=r"no table public\.gone"):
        await vacuum.preview(vacuum.parameters(table="public.gone"), connect(tables=["public.gone"]))
