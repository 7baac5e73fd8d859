import asyncio
import contextlib

import pytest
from fakes.small_server import certificate

#: PostgreSQL's documentation, "Message Formats": SSLRequest is 8 bytes and answered with one.
SSL_REQUEST = bytes([0, 0, 0, 8, 4, 210, 22, 47])


@contextlib.asynccontextmanager
async def behind_tls(server, context):
    """Speak TLS before a server that cannot; its port."""

    async def copy(reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    async def handle(reader, writer):
        if await reader.readexactly(8) != SSL_REQUEST:
            return writer.close()
        writer.write(b"S")
        try:
            await writer.start_tls(context)
        except OSError:
            return None
        if reader.at_eof():
            return None
        to_server = await asyncio.open_connection("127.0.0.1", server.port)
        await asyncio.gather(copy(reader, to_server[1]), copy(to_server[0], writer))
        return None

    front = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with front:
        yield front.sockets[0].getsockname()[1]


@pytest.mark.parametrize("mode", ["verify-full", "verify-ca", "require"])
async def test_a_server_that_the_named_authority_knows(mode, server, connect, perform, tmp_path):
    context, authority = certificate(tmp_path)
    async with behind_tls(server, context) as port:
        said = await perform("ping", connect(port=port, sslmode=mode, ca_file=str(authority)))
        assert said.holds, said.reason
        assert (await perform("connections", connect(port=port, sslmode=mode, ca_file=str(authority)))).max == 30


@pytest.mark.parametrize("mode", ["verify-full", "verify-ca"])
async def test_one_that_the_system_does_not_know_is_refused(mode, server, connect, perform, tmp_path):
    context, _ = certificate(tmp_path)
    async with behind_tls(server, context) as port:
        said = await perform("ping", connect(port=port, sslmode=mode))
    assert not said.holds
    assert "certificate verify failed" in said.reason


async def test_one_with_another_name_is_refused(server, connect, perform, tmp_path):
    context, authority = certificate(tmp_path)
    async with behind_tls(server, context) as port:
        full = connect(host="localhost", port=port, sslmode="verify-full", ca_file=str(authority))
        said = await perform("ping", full)
    assert not said.holds
    assert "host name" in said.reason


def test_checking_is_the_default(connect):
    model = type(connect().connection("postgres", "default"))
    assert model(host="h", user="u").sslmode == "verify-full"
