"""The server behind a TLS relay on loopback: its certificate is checked against the file that the connection names."""

import asyncio
import contextlib

import pytest
from fakes.authority import Authority

from remediator.errors import PermanentError


@contextlib.asynccontextmanager
async def relay(server, tls):
    """Speaks TLS and hands everything on to the server; gives its port."""
    tasks = set()

    async def copy(reader, writer):
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def handle(reader, writer):
        there, back = await asyncio.open_connection(server.host, server.port)
        for each in (copy(reader, back), copy(there, writer)):
            tasks.add(asyncio.ensure_future(each))

    made = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield made.sockets[0].getsockname()[1]
    finally:
        made.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_certificate_that_is_trusted(nowhere, server, admin, tmp_path):
    authority = Authority(tmp_path)
    async with relay(server, authority.server("localhost")) as port:
        said = await nowhere.at("localhost", port, tls=True, ca_file=str(authority.file)).perform("redis.ping")
    assert said.holds, said.reason


async def test_one_that_is_not_or_is_for_another_name(nowhere, server, admin, tmp_path):
    authority = Authority(tmp_path)
    async with relay(server, authority.server("other.example")) as port:
        for fields in ({}, {"ca_file": str(authority.file)}):
            said = await nowhere.at("localhost", port, tls=True, **fields).perform("redis.ping")
            assert not said.holds
            assert "certificate" in said.reason.lower()
        assert (await nowhere.at("localhost", port, tls=True, tls_verify=False).perform("redis.ping")).holds


async def test_a_file_of_ours_is_our_error(nowhere):
    with pytest.raises(PermanentError, match="cannot use the authorities"):
        await nowhere.at("localhost", 1, tls=True, ca_file="/nonexistent").perform("redis.ping")
