import pytest

from remediator.errors import PermanentError


@pytest.fixture
def put(action, admin):
    yield action("set_setting")
    admin.execute("ALTER SYSTEM RESET ALL")
    admin.execute("SELECT pg_reload_conf()")


@pytest.fixture
def context(connect):
    return connect(settings=["work_mem", "max_connections"])


async def test_at_once_when_a_reload_is_enough(put, context, perform):
    p = put.parameters(name="work_mem", value="9MB")
    intent = await put.resolve(p, context)
    assert await put.happened(intent, context) is False
    assert await put.preview(p, context) == "ALTER SYSTEM SET work_mem: 4MB becomes 9MB"
    said = await put.perform(p, context)
    assert (said.before, said.running, said.written, said.changed) == ("4MB", "9MB", "9MB", True)
    assert not said.pending_restart
    assert await put.happened(intent, context) is True
    assert not (await put.perform(p, context)).changed
    assert (await perform("settings", context, names=["work_mem"])).settings["work_mem"].value == "9MB"
    undone = await put.undo(intent, context)
    assert (undone.running, undone.written) == ("4MB", "")


async def test_it_says_when_a_restart_is_needed(put, context, perform, until):
    p = put.parameters(name="max_connections", value="300")
    assert (await put.preview(p, context)).endswith("only after a restart of the server")
    intent = await put.resolve(p, context)
    said = await put.perform(p, context)
    assert (said.running, said.written, said.pending_restart) == ("30", "300", True)
    told = await perform("settings", context)
    assert told.pending_restart == ["max_connections"]
    assert told.settings["max_connections"].number == 30
    undone = await put.undo(intent, context)
    assert undone.written == ""
    assert (await perform("settings", context)).pending_restart == []


async def test_what_was_written_before_is_written_again(put, context, admin):
    admin.execute("ALTER SYSTEM SET work_mem = '5MB'")
    intent = await put.resolve(put.parameters(name="work_mem", value="9MB"), context)
    await put.perform(intent.parameters, context)
    assert (await put.undo(intent, context)).written == "5MB"


async def test_somebody_elses_value_is_left_alone(put, context, admin):
    intent = await put.resolve(put.parameters(name="work_mem", value="9MB"), context)
    await put.perform(intent.parameters, context)
    admin.execute("ALTER SYSTEM SET work_mem = '17MB'")
    assert await put.happened(intent, context) is None
    with pytest.raises(PermanentError, match="is 17MB now, not the 9MB"):
        await put.undo(intent, context)


async def test_only_what_is_listed(put, context):
    with pytest.raises(PermanentError, match="listed"):
        await put.perform(put.parameters(name="archive_command", value="rm -rf /"), context)


@pytest.mark.parametrize("hostile", ["1MB'; DROP TABLE public.orders; --", "1MB\\'", "1MB' \" %s %(x)s"])
async def test_a_label_stays_one_value(hostile, put, context, admin):
    with pytest.raises(PermanentError, match="invalid value for parameter"):
        await put.perform(put.parameters(name="work_mem", value=hostile), context)
    assert admin.execute("SELECT to_regclass('public.orders')").fetchone()[0] == "orders"


def test_a_name_is_a_name(put):
    for wrong in ("work_mem = 1; --", "Work", "a.b.c", ""):
        with pytest.raises(ValueError, match="validation error"):
            put.parameters(name=wrong, value="1")


async def test_settings_that_may_hold_credentials_are_hidden(context, perform, admin):
    admin.execute("ALTER SYSTEM SET primary_conninfo = 'host=x password=geheim'")
    admin.execute("SELECT pg_reload_conf()")
    try:
        told = (await perform("settings", context, names=["primary_conninfo", "no_such"])).settings
        assert list(told) == ["primary_conninfo"]
        assert told["primary_conninfo"].value in {"[hidden]", ""}
    finally:
        admin.execute("ALTER SYSTEM RESET primary_conninfo")
        admin.execute("SELECT pg_reload_conf()")
