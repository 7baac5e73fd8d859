from collections.abc import AsyncIterator

import pytest
from e2e.shop import Shop


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    """A broken shop."""
    async with Shop() as shop:
        yield shop
