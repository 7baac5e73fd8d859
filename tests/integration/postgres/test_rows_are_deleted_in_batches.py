import pytest

from remediator.errors import AmbiguousError, PermanentError

OLD = {
    "sql": "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < now() - %(age)s::interval ORDER BY id"
    " LIMIT %(batch)s)",
    "count": "SELECT count(*) FROM audit WHERE at < now() - %(age)s::interval",
    "deletes": True,
}
STATEMENTS = {
    "old": OLD,
    "uncounted": OLD | {"count": ""},
    "greedy": {"sql": "DELETE FROM audit WHERE id > 0 AND %(batch)s > 0", "deletes": True},
    "look": {"sql": "SELECT 1"},
}
VALUES = {"statement": "old", "values": {"age": "90 days"}}


@pytest.fixture
def context(connect):
    return connect(statements=STATEMENTS)


@pytest.fixture
def delete(action):
    return action("delete_batch")


@pytest.fixture(autouse=True)
def rows(admin):
    admin.execute("INSERT INTO audit (at) SELECT now() - interval '100 days' FROM generate_series(1, 250)")
    admin.execute("INSERT INTO audit (at) SELECT now() FROM generate_series(1, 10)")

    yield lambda: admin.execute("SELECT count(*) FROM audit").fetchone()[0]
    admin.execute("DROP TRIGGER IF EXISTS stop ON audit")
    admin.execute("TRUNCATE audit")


async def test_until_nothing_is_left(context, perform, rows):
    said = await perform("delete_batch", context, **VALUES, batch=100, max=1000, pause="1ms")
    assert (said.deleted, said.batches, said.finished) == (250, 3, True)
    assert "the disk gets no emptier" in said.note
    assert rows() == 10


async def test_never_more_than_the_maximum(context, perform, rows):
    said = await perform("delete_batch", context, **VALUES, batch=100, max=150, pause="0s")
    assert (said.deleted, said.batches, said.finished) == (150, 2, False)
    assert rows() == 110


async def test_people_see_how_many(context, delete, rows):
    p = delete.parameters.model_validate(VALUES | {"max": 200})
    assert delete.needs_approval
    assert delete.amounts(p) == {"rows": 200}
    assert not delete.idempotent(p)
    preview = await delete.preview(p, context)
    assert preview.startswith('delete by "old", 200 a batch, 200 at most: 250 rows match\n')
    uncounted = p.model_copy(update={"statement": "uncounted"})
    assert "rows are not counted" in await delete.preview(uncounted, context)
    assert rows() == 260


async def test_a_statement_that_ignores_the_batch_is_taken_back(context, perform, rows):
    with pytest.raises(PermanentError, match="deletes 260 rows where batch is 100; nothing was deleted"):
        await perform("delete_batch", context, statement="greedy", batch=100, max=1000)
    assert rows() == 260


async def test_what_breaks_off_in_the_middle_may_have_happened(context, perform, rows, admin):
    first = admin.execute("SELECT min(id) FROM audit").fetchone()[0]
    admin.execute("CREATE OR REPLACE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no further'; END $$")
    admin.execute(f"CREATE TRIGGER stop BEFORE DELETE ON audit FOR EACH ROW WHEN (OLD.id >= {first + 100}) EXECUTE FUNCTION stop()")
    with pytest.raises(AmbiguousError, match=r"100 rows were deleted, then: .*no further"):
        await perform("delete_batch", context, **VALUES, batch=100, max=1000, pause="0s")
    assert rows() == 160


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"statement": "look"}, "not listed with deletes"),
        ({"statement": "old"}, "needs age"),
        ({"statement": "old", "values": {"age": "1", "batch": 10**9}}, "not a value"),
        ({"statement": "old; DROP TABLE audit"}, "is listed"),
        ({"statement": "old", "values": {"age": "x' OR true --"}}, "invalid input syntax for type interval"),
    ],
)  # fmt: skip
async def test_what_is_not_listed_so_is_refused(arguments, words, context, perform, rows):
    with pytest.raises(PermanentError, match=words):
        await perform("delete_batch", context, max=10, **arguments)
    assert rows() == 260
