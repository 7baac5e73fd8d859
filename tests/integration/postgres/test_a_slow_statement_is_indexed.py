import asyncio

import psycopg
import pytest

from remediator.errors import AmbiguousError, PermanentError

INDEX = {"visits_customer_idx": {"table": "public.visits", "definition": "(customer)"}}
STATEMENTS = {"visits": {"sql": "SELECT * FROM visits WHERE customer = %(customer)s"}}


@pytest.fixture
def visits(table, admin):
    table("visits", "id bigint, customer int")
    admin.execute("INSERT INTO visits SELECT g, g % 5000 FROM generate_series(1, 40000) g")
    admin.execute("ANALYZE visits")


@pytest.fixture
def context(connect):
    return connect(indexes=INDEX, statements=STATEMENTS)


@pytest.fixture
def create(action):
    return action("create_index")


@pytest.fixture
def p(create):
    return create.parameters(index="visits_customer_idx")


def index(admin):
    return admin.execute(
        "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE relname = 'visits_customer_idx'"
    ).fetchone()


async def test_found_explained_indexed_and_undone(visits, clients, context, perform, create, p, admin):
    admin.execute("SELECT pg_stat_statements_reset()")
    (link,) = clients(1)
    for customer in range(20):
        link.execute("SELECT * FROM visits WHERE customer = %s", [customer])
    slow = await perform("slow_statements", context, by="total")
    assert slow.available
    assert [each for each in slow.statements if "visits WHERE customer = $1" in each.query and each.calls == 20]
    before = await perform("explain", context, statement="visits", values={"customer": 7})
    assert (before.sequential_scans, before.indexes) == (["visits"], [])

    intent = await create.resolve(p, context)
    assert await create.happened(intent, context) is False
    preview = await create.preview(p, context)
    assert preview.startswith("CREATE INDEX CONCURRENTLY visits_customer_idx ON public.visits (customer)\n")
    assert "40,000 rows" in preview
    assert not index(admin)  # a preview changes nothing
    said = await create.perform(p, context)
    assert said.created
    assert said.bytes > 0
    assert await create.happened(intent, context) is True
    after = await perform("explain", context, statement="visits", values={"customer": 7})
    assert (after.sequential_scans, after.indexes) == ([], ["visits_customer_idx"])
    assert after.cost < before.cost / 5

    assert not (await create.perform(p, context)).created  # there is one
    there = await create.resolve(p, context)
    with pytest.raises(PermanentError, match="there before"):
        await create.undo(there, context)
    assert (await create.undo(intent, context)).created
    assert not index(admin)
    assert not (await create.undo(intent, context)).created


async def test_an_invalid_index_of_an_earlier_try_is_dropped_first(visits, context, create, p, admin, perform):
    admin.execute("UPDATE visits SET customer = 1 WHERE id < 3")
    with pytest.raises(psycopg.errors.UniqueViolation):
        admin.execute("CREATE UNIQUE INDEX CONCURRENTLY visits_customer_idx ON visits (customer)")
    admin.execute("UPDATE pg_index SET indisunique = false WHERE indexrelid = 'visits_customer_idx'::regclass")
    assert index(admin) == (False,)
    assert [each.name for each in (await perform("missing_indexes", context)).invalid] == ["public.visits_customer_idx"]
    assert "invalid index of that name would be dropped" in await create.preview(p, context)
    said = await create.perform(p, context)
    assert (said.created, said.cleaned) == (True, True)
    assert index(admin) == (True,)


async def test_a_failed_try_leaves_none(visits, connect, create, p, admin):
    unique = {"visits_customer_idx": INDEX["visits_customer_idx"] | {"unique": True}}
    with pytest.raises(PermanentError, match="could not create unique index") as raised:
        await create.perform(p, connect(indexes=unique))
    assert "Key" not in str(raised.value)  # the row stays in the database
    assert not index(admin)


async def test_what_cannot_be_dropped_at_once_is_told_and_dropped_later(visits, connect, clients, create, p, admin):
    (link,) = clients(1)
    link.execute("BEGIN")
    link.execute("UPDATE visits SET customer = 2 WHERE id = 1")  # building waits for it, and so does dropping
    hurried = p.model_copy(update={"within": 0.3})
    with pytest.raises(AmbiguousError, match="an invalid index is left"):
        await create.perform(hurried, connect(indexes=INDEX, statement_timeout="200ms"))
    assert index(admin) == (False,)
    link.execute("ROLLBACK")
    said = await create.perform(p, connect(indexes=INDEX))
    assert (said.created, said.cleaned) == (True, True)
    assert index(admin) == (True,)


async def test_nor_does_one_whose_step_was_cancelled(visits, connect, clients, create, p, admin):
    (link,) = clients(1)
    link.execute("BEGIN")
    link.execute("INSERT INTO visits VALUES (0, 0)")
    context = connect(indexes=INDEX, lock_timeout="5s")
    task = asyncio.create_task(create.perform(p, context))
    while not admin.execute("SELECT FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX%' AND wait_event_type = 'Lock'").fetchall():
        await asyncio.sleep(0.02)
    task.cancel()
    while index(admin) or admin.execute("SELECT FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX%' AND state = 'active'").fetchall():
        if not task.done() and admin.execute("SELECT FROM pg_stat_activity WHERE query LIKE 'DROP INDEX%' AND wait_event_type = 'Lock'").fetchall():
            link.execute("COMMIT")  # dropping waits for that one, too
        await asyncio.sleep(0.02)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not index(admin)


async def test_a_definition_may_have_a_percent_sign(visits, connect, create, admin):
    listed = {"visits_customer_idx": {"table": "public.visits", "definition": "(customer) WHERE customer %% 2 = 0"}}
    assert (await create.perform(create.parameters(index="visits_customer_idx"), connect(indexes=listed))).created
    definition = admin.execute("SELECT pg_get_indexdef('visits_customer_idx'::regclass)").fetchone()[0]
    assert definition.endswith("WHERE ((customer % 2) = 0)")


async def test_only_what_is_listed(visits, context, create):
    for name in ("visits_other_idx", 'x" ON public.orders (id); DROP TABLE public.orders; --'):
        with pytest.raises(PermanentError, match="listed"):
            await create.perform(create.parameters(index=name), context)


async def test_an_index_of_another_table_is_left_alone(visits, connect, create, p, admin):
    admin.execute("CREATE INDEX visits_customer_idx ON orders (customer_id)")
    try:
        with pytest.raises(PermanentError, match="another index"):
            await create.perform(p, connect(indexes=INDEX))
        assert index(admin) == (True,)
    finally:
        admin.execute("DROP INDEX visits_customer_idx")
