import asyncio

import pytest
from aiohttp import web
from fakes.authority import Authority
from fakes.small_server import closed_port, serve, serve_bytes
from pydantic import ValidationError

from remediator.actions import registry
from remediator.errors import PermanentError


async def slow(_request):
    await asyncio.sleep(0.15)
    return web.Response(text="late")


def port(server):
    return int(server.url.rpartition(":")[2])


async def test_every_part_is_measured(perform, tmp_path):
    authority = Authority(tmp_path)
    async with serve(slow, tls=authority.server("localhost")) as server:
        said = await perform("network.http", url=f"https://localhost:{port(server)}/x", ca_file=str(authority.file))
    assert said.holds, said.reason
    assert (said.status, said.failed_at, said.slowest) == (200, "", "wait")
    parts = [said.dns_ms, said.connect_ms, said.tls_ms, said.wait_ms]
    assert all(part > 0 for part in parts)
    assert said.wait_ms >= 140
    assert sum(parts) <= said.first_byte_ms + 1
    assert said.first_byte_ms <= said.total_ms
    assert server.requests[0].path == "/x"


async def test_without_a_name_and_tls_there_are_no_such_parts(perform):
    async with serve(web.Response(text="ok")) as server:
        said = await perform("network.http", url=server.url)
    assert said.holds
    assert (said.dns_ms, said.tls_ms) == (None, None)
    assert said.connect_ms > 0


async def test_limits_and_statuses(perform):
    async with serve(slow) as server:
        late = await perform("network.http", url=server.url, first_byte_below="50ms", total_below="5s")
    assert not late.holds
    assert "ms to begin, not less than 0.05s" in late.reason
    async with serve(web.Response(status=503)) as server:
        assert not (await perform("network.http", url=server.url)).holds
        assert (await perform("network.http", url=server.url, status=[503])).holds


async def test_where_it_ended(perform, tmp_path):
    said = await perform("network.http", url=f"http://127.0.0.1:{await closed_port()}/")
    assert (said.holds, said.failed_at, said.status) == (False, "connect", None)
    said = await perform("network.http", url="http://no-such-name.invalid/", timeout="3s")
    assert said.failed_at == "dns"
    async with serve(web.Response(), tls=Authority(tmp_path).server("localhost")) as server:
        said = await perform("network.http", url=f"https://localhost:{port(server)}/")
    assert said.failed_at == "tls"
    assert "certificate" in said.reason
    async with serve_bytes(b"", hang=True) as server:
        said = await perform("network.http", url=server.url, timeout="200ms")
    assert (said.failed_at, said.wait_ms) == ("first byte", None)
    async with serve_bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc") as server:
        said = await perform("network.http", url=server.url)
    assert (said.holds, said.failed_at) == (False, "body")


async def test_a_redirect_is_not_followed(perform):
    async with serve(web.Response(status=302, headers={"Location": "http://169.254.169.254/"})) as server:
        said = await perform("network.http", url=server.url)
    assert (said.holds, said.status) == (False, 302)


async def test_an_entry_of_the_site(perform):
    async with serve(web.Response()) as server:
        said = await perform("network.http", {"shop": {"host": "127.0.0.1", "port": port(server)}}, connection="shop", scheme="http", path="/a?b=1")
        assert said.holds
        assert server.requests[0].path_qs == "/a?b=1"
    with pytest.raises(PermanentError, match="no network connection"):
        await perform("network.http", connection="other")


async def test_what_is_read_is_bounded(perform):
    async with serve(web.Response(body=b"x" * 1_000_000)) as server:
        assert (await perform("network.http", url=server.url, body_limit=10)).holds


@pytest.mark.parametrize("args", [{}, {"url": "http://a", "connection": "b"}, {"url": "http://a", "path": "/"}, {"connection": "a", "path": "x"}, {"connection": "a", "path": "/\n"}, {"url": "ftp://a"}, {"url": "http://u:p@a/"}])
def test_arguments_are_checked(args):
    with pytest.raises(ValidationError):
        registry.find("network.http").parameters.model_validate(args)
