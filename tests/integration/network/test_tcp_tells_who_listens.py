import asyncio
import socket

import pytest
from fakes.small_server import closed_port, serve_bytes
from pydantic import ValidationError

from remediator.actions import registry
from remediator.errors import PermanentError


async def test_somebody_does(perform):
    async with serve_bytes(b"hello") as server:
        port = int(server.url.rpartition(":")[2])
        said = await perform("network.tcp", host="127.0.0.1", port=port)
        late = await perform("network.tcp", host="127.0.0.1", port=port, latency_below="0ms")
        entry = await perform("network.tcp", {"shop": {"host": "localhost", "port": port}}, connection="shop")
    assert (said.holds, said.status, said.address) == (True, "connected", "127.0.0.1")
    assert said.connect_ms > 0
    assert (late.holds, late.status) == (False, "connected")
    assert entry.holds
    assert entry.resolve_ms > 0


async def test_nobody_does(perform):
    said = await perform("network.tcp", host="127.0.0.1", port=await closed_port())
    assert (said.holds, said.status, said.connect_ms) == (False, "refused", None)


async def test_one_that_does_not_answer(perform):
    with socket.socket() as full:  # a queue of one, never accepted from: the next ones hang
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [asyncio.ensure_future(asyncio.open_connection("127.0.0.1", port)) for _ in range(3)]
        await asyncio.sleep(0.1)
        said = await perform("network.tcp", host="127.0.0.1", port=port, timeout="200ms")
        for each in waiting:
            each.cancel()
        for done in await asyncio.gather(*waiting, return_exceptions=True):
            if isinstance(done, tuple):
                done[1].close()
    assert (said.holds, said.status) == (False, "timeout")


async def test_a_name_that_is_none(perform):
    said = await perform("network.tcp", host="no-such-name.invalid", port=80, timeout="2s")
    assert (said.holds, said.status) == (False, "unresolved")


async def test_what_is_wrong_on_our_side_is_an_error(perform):
    with pytest.raises(PermanentError, match='no network connection "shop"'):
        await perform("network.tcp", connection="shop")
    with pytest.raises(PermanentError, match="no port is given"):
        await perform("network.tcp", {"shop": {"host": "h"}}, connection="shop")


@pytest.mark.parametrize("args", [{}, {"host": "a", "connection": "b"}, {"connection": "b", "port": 1}, {"host": "a b", "port": 1}, {"host": "a", "port": 0}, {"host": "a:80"}, {"host": "http://a"}])
def test_arguments_are_checked(args):
    with pytest.raises(ValidationError):
        registry.find("network.tcp").parameters.model_validate(args)
