import pytest
from aiohttp import web
from fakes.small_server import serve
from pydantic import ValidationError

from remediator.actions import registry


@pytest.mark.parametrize(
    ("answered", "asked", "holds"),
    [
        (200, None, True), (204, None, True), (301, None, False), (500, None, False),
        (404, 404, True), (404, "4xx", True), (404, ["200-299", 404], True), (404, [200, "500-599"], False),
    ],
)  # fmt: skip
async def test_status(answered, asked, holds, context, perform):
    async with serve(web.Response(status=answered)) as server:
        args = {} if asked is None else {"status": asked}
        found = await perform("http.probe", context, url=server.url, **args)
    assert found.holds is holds
    assert found.status == answered
    assert str(answered) in found.reason
    assert found.latency_ms > 0


@pytest.mark.parametrize("status", ["6xx", "299-200", "two", [], 20, True, "200-", 2.5])
def test_a_status_that_means_nothing_is_refused(status):
    with pytest.raises(ValidationError):
        registry.find("http.probe").parameters.model_validate({"url": "http://h/", "status": status})


async def test_head_asks_without_a_body(context, perform):
    async with serve(web.Response(text="hello")) as server:
        found = await perform("http.probe", context, url=server.url, method="HEAD")
    assert found.holds
    assert found.body == ""
    assert server.requests[0].method == "HEAD"
