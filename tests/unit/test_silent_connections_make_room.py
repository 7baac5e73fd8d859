import asyncio

import pytest
from aiohttp import web

from remediator.interfaces.web.connections import BUSY, Door

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Listening:
    def __init__(self, server, door):
        self.door, self._port = door, server.sockets[0].getsockname()[1]

    async def connect(self, say=b""):
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(say)
        return reader, writer


@pytest.fixture
async def listening():
    async def hello(_request):
        return web.Response(text="hello")

    inner = web.Server(hello)
    door = Door(inner, 3)
    server = await asyncio.get_running_loop().create_server(door, "127.0.0.1", 0)
    yield Listening(server, door)
    server.close()
    await inner.shutdown(0.1)


async def answered(reader):
    return (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200 OK")


async def test_the_one_that_was_silent_longest_goes(listening):
    opened = [await listening.connect(REQUEST) for _ in range(3)]
    assert [await answered(reader) for reader, _ in opened] == [True] * 3
    await asyncio.sleep(BUSY)
    opened[0][1].write(REQUEST)
    assert await answered(opened[0][0])
    late = await listening.connect(REQUEST)
    assert await answered(late[0])
    assert await opened[1][0].read() == b""  # closed
    opened[0][1].write(REQUEST)
    assert await answered(opened[0][0])
    assert (len(listening.door), listening.door.closed) == (3, 1)
    for _, writer in (*opened, late):
        writer.close()
    while len(listening.door):
        await asyncio.sleep(0.01)


async def test_while_all_are_busy_a_new_one_goes(listening):
    opened = [await listening.connect(REQUEST) for _ in range(3)]
    assert [await answered(reader) for reader, _ in opened] == [True] * 3
    reader, writer = await listening.connect()
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await reader.readexactly(1)
    for _, each in (*opened, (reader, writer)):
        each.close()
