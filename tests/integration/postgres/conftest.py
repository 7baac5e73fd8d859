import contextlib
import re
import time
from pathlib import Path

import aiohttp
import psycopg
import pytest
from fakes.postgres_server import PostgresServer
from msgspec.structs import replace

from remediator.actions import registry
from remediator.actions.context import Clients, Context
from remediator.actions.postgres import Connection

PAGE = Path(__file__).parents[3] / "docs/postgres.md"
PASSWORD = "choose-one"
TABLES = """
CREATE ROLE shop_owner;
CREATE ROLE shop LOGIN PASSWORD 'shop';
SET ROLE shop_owner;
CREATE TABLE public.users (email text PRIMARY KEY, active boolean);
CREATE TABLE public.orders (id bigserial PRIMARY KEY, customer_id bigint NOT NULL, note text);
CREATE TABLE public.audit (id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
RESET ROLE;
"""


@pytest.fixture(scope="session")
def documented_sql():
    """Return the blocks of SQL on the page: what looking needs, what changing needs."""
    looking, changing = re.findall(r"^```sql\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return looking, changing


@pytest.fixture(scope="session")
def server(documented_sql):
    """A primary with the role that the page tells to make, and nothing beyond it."""
    with PostgresServer.running() as server:
        with server.admin() as admin:
            admin.execute("CREATE DATABASE shop")
            admin.execute("CREATE DATABASE other")
        with server.admin("shop") as admin:
            admin.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
            admin.execute(TABLES)
            admin.execute("CREATE EXTENSION pg_stat_statements")
            for block in documented_sql:
                admin.execute(block)
        yield server


@pytest.fixture
def admin(server):
    """A superuser's connection to the database shop."""
    with server.admin("shop") as admin:
        yield admin


@pytest.fixture
def table(admin):
    """Make a table and drop it at the end: ``table("t", "id int")``."""
    made = []

    def make(name, columns, owner="shop_owner"):
        admin.execute(f"CREATE TABLE public.{name} ({columns})")
        admin.execute(f"ALTER TABLE public.{name} OWNER TO {owner}")
        admin.execute(f"GRANT ALL ON public.{name} TO shop")
        made.append(name)

    yield make
    for name in made:
        admin.execute(f"DROP TABLE public.{name} CASCADE")


@pytest.fixture
def clients(server, table):  # after the tables: open transactions end before these are dropped
    """Open sessions as the application does: ``clients(3, application="web")``; closed at the end."""
    with contextlib.ExitStack() as stack:

        def make(count=1, *, application="web", user="shop", database="shop", password=None):
            made = [
                psycopg.connect(host="127.0.0.1", port=server.port, user=user, password=password or user,
                                dbname=database, application_name=application, autocommit=True)
                for _ in range(count)
            ]  # fmt: skip
            for each in made:
                stack.callback(each.close)
            return made

        yield make


@pytest.fixture
async def connect(tmp_path, server):
    """Return a context whose connection ``default`` logs in as the documented role."""
    clients = Clients()
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n")
    async with aiohttp.ClientSession() as session:
        context = Context(session=session, clients=clients, now=time.time_ns() // 1000)

        def connect(to=server, **fields):
            usual = {"host": "127.0.0.1", "port": to.port, "database": "shop", "user": "remediator",
                     "password_file": str(password), "sslmode": "disable"}  # fmt: skip
            return replace(context, connections={"postgres": {"default": Connection.model_validate(usual | fields)}})

        yield connect
        await clients.close()


@pytest.fixture
def context(connect):
    return connect()


@pytest.fixture
def action():
    return lambda name: registry.find(f"postgres.{name}")


@pytest.fixture
def perform(action):
    """Perform as the engine does: a change is resolved first, and what is journalled is read back."""

    async def make(name, context, /, **args):
        found = action(name)
        p = found.parameters.model_validate(args)
        if found.resolve:
            intent = await found.resolve(p, context)
            p = found.parameters.model_validate_json(intent.parameters.model_dump_json(by_alias=True))
        return await found.perform(p, context)

    return make


@pytest.fixture
def until():
    """Wait until a question is answered with yes, ten seconds at most."""

    def wait(ask):
        end = time.monotonic() + 10
        while not (said := ask()):
            assert time.monotonic() < end
            time.sleep(0.02)
        return said

    return wait
