import pytest
from aiohttp import web
from fakes.small_server import closed_port, serve, serve_bytes

from remediator.errors import PermanentError


async def test_refused(context, perform):
    port = await closed_port()
    found = await perform("http.probe", context, url=f"http://127.0.0.1:{port}/health")
    assert not found.holds
    assert (found.status, found.latency_ms, found.body) == (None, None, "")
    assert f"no connection to 127.0.0.1:{port}" in found.reason


async def test_a_name_that_does_not_resolve(context, perform):
    found = await perform("http.probe", context, url="http://nowhere.invalid/")
    assert not found.holds
    assert "nowhere.invalid" in found.reason


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"", "closed the connection"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", "broke off"),
    ],
)
async def test_no_whole_answer(answer, says, context, perform):
    async with serve_bytes(answer) as server:
        found = await perform("http.probe", context, url=server.url)
    assert not found.holds
    assert found.status is None
    assert says in found.reason


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n\r\nand so on"])
async def test_no_answer_in_time(answer, context, perform):
    async with serve_bytes(answer, hang=True) as server:
        found = await perform("http.probe", context, url=server.url, timeout="200ms")
    assert not found.holds
    assert "within 0.2s" in found.reason


async def test_what_is_wrong_on_our_side_is_an_error(context, connected, perform, tmp_path):
    with pytest.raises(PermanentError, match='no http connection "shop"'):
        await perform("http.probe", context, connection="shop")
    lost = connected("http", "shop", base_url="http://127.0.0.1:1", bearer_token_file=str(tmp_path / "absent"))
    with pytest.raises(PermanentError, match="cannot read the secret"):
        await perform("http.probe", lost, connection="shop")
    with pytest.raises(PermanentError, match="authorities"):
        await perform("http.probe", context, url="https://127.0.0.1:1", ca_file=str(tmp_path / "absent"))


async def test_a_redirect_without_end_does_not_hold(context, perform):
    async with serve(web.Response(status=302, headers={"Location": "/again"})) as server:
        found = await perform("http.probe", context, url=server.url, follow_redirects=True)
    assert not found.holds
    assert "more than 5 redirects" in found.reason
    assert len(server.requests) == 6


@pytest.mark.parametrize("to", ["file:///etc/passwd", "http://[", "javascript:alert(1)", "ftp://h/"])
async def test_a_redirect_to_what_is_not_http_does_not_hold(to, context, perform):
    async with serve(web.Response(status=302, headers={"Location": to})) as server:
        found = await perform("http.probe", context, url=server.url, follow_redirects=True)
    assert not found.holds
    assert "redirects to what is" in found.reason
