import asyncio

import pytest
from aiohttp import web
from fakes.small_server import serve


@pytest.mark.parametrize(
    ("header", "holds", "value"),
    [
        ({"name": "X-Version"}, True, "1.10"),
        ({"name": "x-version", "equals": "1.10"}, True, "1.10"),
        ({"name": "X-Version", "equals": "1.1"}, False, "1.10"),
        ({"name": "X-Version", "matches": r"1\..*"}, True, "1.10"),
        ({"name": "X-Version", "matches": "1"}, False, "1.10"),
        ({"name": "X-Absent"}, False, None),
    ],
)
async def test_header(header, holds, value, context, perform):
    async with serve(web.Response(headers={"X-Version": "1.10"})) as server:
        found = await perform("http.probe", context, url=server.url, header=header)
    assert (found.holds, found.header) == (holds, value), found.reason


async def test_latency(context, perform):
    async def slow(request):
        await asyncio.sleep(0.1)
        return web.Response()

    async with serve(slow) as server:
        late = await perform("http.probe", context, url=server.url, latency_below="50ms")
        soon = await perform("http.probe", context, url=server.url, latency_below="20s")
    assert not late.holds
    assert late.latency_ms >= 100
    assert "not less than 0.05s" in late.reason
    assert soon.holds


async def test_all_that_is_wrong_is_told(context, perform):
    async with serve(web.Response(status=500, text="{}")) as server:
        found = await perform("http.probe", context, url=server.url, json={"path": "$.a"}, header={"name": "x-a"})
    assert found.reason.count(";") == 2
