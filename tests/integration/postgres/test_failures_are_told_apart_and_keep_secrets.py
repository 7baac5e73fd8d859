import asyncio
import subprocess
import sys
import traceback

import psycopg
import pytest
from fakes.small_server import closed_port, serve_bytes, serve_nothing

from remediator.errors import AmbiguousError, PermanentError, TemporaryError

SECRET = "very-secret-word"


@pytest.fixture
def secret(tmp_path):
    (tmp_path / "secret").write_text(SECRET)
    return str(tmp_path / "secret")


async def failure(perform, context, name="connections", **args):
    with pytest.raises((TemporaryError, PermanentError, AmbiguousError)) as raised:
        await perform(name, context, **args)
    everything = "".join(traceback.format_exception(raised.value)) + repr(raised.value)
    assert SECRET not in everything
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    return raised.value


async def test_nobody_there_may_pass(perform, connect, secret):
    error = await failure(perform, connect(port=await closed_port(), password_file=secret))
    assert isinstance(error, TemporaryError)
    assert error.transport
    assert "connection refused" in str(error)


async def test_a_wrong_password(perform, connect, secret):
    error = await failure(perform, connect(password_file=secret))
    assert isinstance(error, PermanentError)
    assert "refuses the password" in str(error)


async def test_a_password_that_would_be_a_setting(perform, connect, tmp_path):
    (tmp_path / "odd").write_text(f"' host=elsewhere password={SECRET} \\")
    assert isinstance(await failure(perform, connect(password_file=str(tmp_path / "odd"))), PermanentError)


@pytest.mark.parametrize("fields", [{"user": "nobody-such"}, {"database": "nowhere"}, {"database": "x' dbname=other"}])
async def test_no_such_role_or_database(perform, connect, fields):
    assert isinstance(await failure(perform, connect(**fields)), PermanentError)


async def test_a_server_without_tls(perform, connect, secret):
    error = await failure(perform, connect(sslmode="require", password_file=secret))
    assert "server does not support SSL" in str(error)


async def test_something_that_is_no_database(perform, connect):
    async with serve_bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        port = int(server.url.rpartition(":")[2])
        assert isinstance(await failure(perform, connect(port=port, connect_timeout="300ms")), TemporaryError)


async def test_one_that_says_nothing(perform, connect):
    async with serve_nothing() as port:
        error = await failure(perform, connect(port=port, connect_timeout="100ms"))
    assert error.transport


async def test_ping_tells_what_it_found(perform, connect, secret):
    for context in (connect(port=await closed_port()), connect(password_file=secret)):
        said = await perform("ping", context)
        assert not said.holds
        assert said.reason
        assert SECRET not in said.reason
    said = await perform("ping", connect())
    assert (said.holds, said.version[:2], said.standby) == (True, "18", False)
    assert not (await perform("ping", connect(), below="0s")).holds


async def test_a_connection_that_is_not_there_is_no_finding(perform, connect):
    with pytest.raises(PermanentError, match='no postgres connection "other"'):
        await perform("ping", connect(), connection="other")


SLEEPS = {"sleep": {"sql": "SELECT 1 FROM pg_sleep(30)"}, "del": {"sql": "DELETE FROM audit WHERE id = %(batch)s", "deletes": True}}


async def test_a_statement_that_takes_too_long(perform, connect):
    context = connect(statements=SLEEPS, statement_timeout="100ms")
    error = await failure(perform, context, "check", statement="sleep", equals=1)
    assert isinstance(error, TemporaryError)
    assert "statement_timeout" in str(error)


async def test_a_lock_that_is_not_to_be_had(perform, connect, clients, admin):
    with psycopg.connect(admin.info.dsn, dbname="shop") as link:
        link.execute("LOCK TABLE audit")
        context = connect(statements=SLEEPS, lock_timeout="100ms")
        error = await failure(perform, context, "delete_batch", statement="del", max=1)
        assert isinstance(error, TemporaryError)
        assert "lock_timeout" in str(error)


async def test_a_session_that_is_ended_under_a_change_may_have_changed_something(perform, connect, admin):
    for name, args, kind in (
        ("check", {"statement": "sleep", "equals": 1}, TemporaryError),
        ("delete_batch", {"statement": "del", "max": 1}, AmbiguousError),
    ):
        with psycopg.connect(admin.info.dsn, dbname="shop") as link:
            link.execute("LOCK TABLE audit")
            context = connect(statements=SLEEPS, lock_timeout="10s")
            task = asyncio.create_task(failure(perform, context, name, **args))
            while not admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'remediator'"
                " AND state = 'active' AND wait_event_type IN ('Lock', 'Timeout')"
            ).fetchall():
                await asyncio.sleep(0.02)
            error = await task
        assert type(error) is kind
        assert error.transport


async def test_a_cancelled_step_leaves_nothing_running(perform, connect, admin):
    task = asyncio.create_task(perform("check", connect(statements=SLEEPS), statement="sleep", equals=1))
    ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'remediator' AND query LIKE '%pg_sleep%'"
    while not admin.execute(ours).fetchone()[0]:
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    while admin.execute(ours).fetchone()[0]:
        await asyncio.sleep(0.02)


async def test_no_more_sessions_than_the_connection_allows(perform, connect, admin):
    context = connect(statements={"us": {"sql": "SELECT count(*) FROM pg_stat_activity, pg_sleep(0.05) WHERE application_name = 'remediator'"}},
                      sessions=2)  # fmt: skip
    said = await asyncio.gather(*(perform("check", context, statement="us", at_most=2) for _ in range(8)))
    assert all(each.holds for each in said)
    assert max(each.value for each in said) == 2


def test_psycopg_is_imported_late_and_its_absence_names_the_extra():
    code = """
import asyncio, sys
from remediator.actions import registry
ACTIONS = list(registry.of_system("postgres").values())
[action.parameters.model_json_schema() for action in ACTIONS]
assert not any(name.startswith("psycopg") for name in sys.modules)
class Absent:
    def find_spec(self, name, *_):
        if name == "psycopg":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
from remediator.actions.context import Clients, Context
from remediator.errors import PermanentError
context = Context(None, Clients(), {"postgres": {"default": registry.connection_model("postgres")(host="h", user="u")}})
for action in map(registry.find, ("postgres.ping", "postgres.check", "postgres.connections")):
    try:
        asyncio.run(action.perform(action.parameters.model_construct(connection="default", metric="used"), context))
    except PermanentError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert not done.returncode, done.stderr
    assert done.stdout.splitlines() == ['postgres actions need psycopg: install the extra with pip install "remediator[postgres]"'] * 3
