from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from fakes.ssh_server import start_sshd
from fakes.systemd_bus import start_bus, start_systemd
from msgspec.structs import replace

from remediator.actions import registry
from remediator.actions.context import Clients, Context


@pytest.fixture
async def nowhere() -> AsyncIterator[Context]:
    async with aiohttp.ClientSession() as session:
        yield Context(session=session, clients=Clients(), run="run-1", key="run-1/0/act/0.0", now=1_700_000_000_000_000)


@pytest.fixture
def perform() -> Callable[..., Any]:
    async def make(name: str, context: Context, **args: Any) -> Any:
        action = registry.find(name)
        assert action is not None
        return await action.perform(action.parameters.model_validate(args), context)

    return make


@pytest.fixture
def at(nowhere):
    """Makes a context: ``at(host={...}, systemd={...})``, each the connection "default"."""

    def make(**systems: dict[str, Any]) -> Context:
        made = {s: {"default": registry.connection_model(s).model_validate(fields)} for s, fields in systems.items()}
        return replace(nowhere, connections=made)

    return make


@pytest.fixture
async def sshd(tmp_path_factory):
    async with start_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
async def bus(tmp_path_factory):
    async with start_bus(tmp_path_factory.mktemp("bus")) as address:
        yield address


@pytest.fixture
async def systemd(bus):
    async with start_systemd(bus) as fake:
        yield fake


@pytest.fixture(params=["local", "ssh"])
def machine(request, at):
    """This machine, asked directly and over a real sshd."""
    if request.param == "local":
        return at(host={"local": True})
    return at(host=request.getfixturevalue("sshd").fields)
