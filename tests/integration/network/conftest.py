from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from msgspec.structs import replace

from remediator.actions import registry
from remediator.actions.context import Clients, Context
from remediator.actions.network import Connection

NOW = 1_700_000_000  #: seconds since 1970: 14 November 2023


@pytest.fixture
async def context() -> AsyncIterator[Context]:
    async with aiohttp.ClientSession() as session:
        yield Context(session=session, clients=Clients(), run="run-1", key="run-1/0", now=NOW * 1_000_000)


@pytest.fixture
def perform(context) -> Callable[..., Any]:
    """Performs an action; ``entries`` are those under connections.network."""

    async def make(name: str, entries: dict | None = None, now: float | None = None, **args: Any) -> Any:
        action = registry.find(name)
        known = {each: Connection.model_validate(fields) for each, fields in (entries or {}).items()}
        made = replace(context, connections={"network": known}, now=int((now or NOW) * 1_000_000))
        return await action.perform(action.parameters.model_validate(args), made)

    return make
