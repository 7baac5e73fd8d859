import gzip

import pytest
from aiohttp import web
from fakes.small_server import serve, serve_bytes


async def test_an_endless_answer_is_left(context, perform):
    async def endless(request):
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65_536)
        except ConnectionError:
            return response

    async with serve(endless) as server:
        found = await perform("http.request", context, url=server.url, body_limit=10_000)
        seen = await perform("http.probe", context, url=server.url, timeout="5s")
    assert found.status == 200
    assert len(found.body) == 4096
    assert found.body.endswith("…")
    assert seen.holds


async def test_a_compressed_answer_is_not_unpacked(context, perform):
    body = gzip.compress(b"0" * 50_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    async with serve_bytes(head + body) as server:
        found = await perform("http.request", context, url=server.url)
    assert b"accept-encoding: identity" in server.bodies[0].lower()
    assert "0000" not in found.body


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b"[" * 40 + b"]" * 40, None),  # too deep to keep
        (b"[" * 20_000 + b"]" * 20_000, None),
        (b"{nothing", None),
        (b'"' + b"x" * 70_000 + b'"', None),  # longer than body_limit
    ],
)
async def test_json_is_shallow_and_whole(body, value, context, perform):
    async with serve(web.Response(body=body, content_type="application/json")) as server:
        found = await perform("http.request", context, url=server.url)
    assert found.json == value
    assert len(found.model_dump_json()) < 70_000


async def test_control_characters_do_not_get_through(context, perform):
    async with serve(web.Response(body=b"a\x00\x1b[31mb\r\nc\td\xff")) as server:
        found = await perform("http.request", context, url=server.url)
    assert found.body == "a��[31mb\nc\td�"
