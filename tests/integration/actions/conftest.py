from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from msgspec.structs import replace

from remediator.actions import registry
from remediator.actions.context import Clients, Context


@pytest.fixture
async def context() -> AsyncIterator[Context]:
    """A context without connections."""
    async with aiohttp.ClientSession() as session:
        yield Context(session=session, clients=Clients(), run="run-1", key="run-1/0/act/0.0", now=1_700_000_000_000_000)


@pytest.fixture
def connected(context: Context) -> Callable[..., Context]:
    """Makes a context with one connection: ``connected("http", "shop", base_url=...)``."""

    def make(system: str, name: str, **fields: Any) -> Context:
        model = registry.connection_model(system)
        assert model is not None
        return replace(context, connections={system: {name: model.model_validate(fields)}})

    return make


@pytest.fixture
def perform() -> Callable[..., Any]:
    """Performs an action by its name, as the engine does: ``await perform("http.probe", context, url=...)``."""

    async def make(name: str, context: Context, **args: Any) -> Any:
        action = registry.find(name)
        assert action is not None
        return await action.perform(action.parameters.model_validate(args), context)

    return make
