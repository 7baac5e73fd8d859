import pytest
from aiohttp import web
from fakes.small_server import serve
from msgspec.structs import replace
from pydantic import ValidationError

from remediator.actions import registry

REQUEST = registry.find("http.request")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_change_carries_its_key(method, context, perform):
    async with serve(web.Response()) as server:
        await perform("http.request", context, url=server.url, method=method)
        await perform("http.request", context, url=server.url, method=method)
    assert [request.headers["Idempotency-Key"] for request in server.requests] == [context.key] * 2


async def test_a_read_carries_none(context, perform):
    async with serve(web.Response()) as server:
        await perform("http.request", context, url=server.url, method="GET")
        await perform("http.request", replace(context, key=""), url=server.url, method="POST")
    assert not any("Idempotency-Key" in request.headers for request in server.requests)


@pytest.mark.parametrize(
    ("args", "body", "content_type"),
    [
        ({"json": {"a": [1, "é"]}}, '{"a":[1,"é"]}'.encode(), "application/json"),
        ({"json": '{"a": 1}'}, b'{"a": 1}', "application/json"),
        ({"json": [], "headers": {"Content-Type": "application/x+json"}}, b"[]", "application/x+json"),
        ({"body": "a=1", "headers": {"content-type": "text/x"}}, b"a=1", "text/x"),
        ({}, b"", None),
    ],
)
async def test_body(args, body, content_type, context, perform):
    async with serve(web.Response()) as server:
        await perform("http.request", context, url=f"{server.url}/a%2Fb?x=1", **args)
    assert server.bodies == [body]
    assert content_type is None or server.requests[0].headers["Content-Type"] == content_type
    assert server.requests[0].raw_path == "/a%2Fb?x=1"


@pytest.mark.parametrize(
    "args",
    [
        {"json": "{not json"}, {"json": {}, "body": "x"}, {"method": "GET", "body": "x"}, {"method": "BREW"},
        {"method": "PUT", "idempotent": False}, {"url": "ftp://h/"}, {"url": "http://user:pw@h/"}, {"url": "/path"},
        {"url": "http://h:99999/"}, {"connection": "shop"}, {"path": "/x"}, {"unknown": 1}, {"timeout": "0"},
        {"headers": {"Authorization": "Bearer x"}}, {"headers": {"Cookie": "x"}}, {"headers": {"a b": "x"}},
        {"headers": {"x": "a\r\nb: c"}}, {"headers": {"Transfer-Encoding": "chunked"}}, {"body": "x" * 1_048_577},
    ],
)  # fmt: skip
def test_what_must_not_be_sent_is_refused(args):
    with pytest.raises(ValidationError):
        REQUEST.parameters.model_validate({"url": "http://127.0.0.1/", **args})


@pytest.mark.parametrize(
    ("args", "idempotent"),
    [
        ({}, False), ({"method": "PATCH"}, False), ({"method": "PUT"}, True), ({"method": "DELETE"}, True),
        ({"method": "GET"}, True), ({"idempotent": True}, True), ({"method": "POST", "idempotent": False}, False),
    ],
)  # fmt: skip
def test_it_says_whether_it_may_be_repeated(args, idempotent):
    assert REQUEST.idempotent(REQUEST.parameters.model_validate({"url": "http://h/", **args})) is idempotent


async def test_a_preview_sends_nothing(connected):
    async with serve(web.Response()) as server:
        context = connected("http", "shop", base_url=f"{server.url}/api/")
        parameters = REQUEST.parameters.model_validate({"connection": "shop", "path": "/x", "json": {"a": 1}})
        assert await REQUEST.preview(parameters, context) == f'POST {server.url}/api/x\n{{"a":1}}'
    assert server.requests == []


def test_the_backend_is_the_host_or_the_connection():
    key = lambda **args: REQUEST.backend(REQUEST.parameters.model_validate(args))  # noqa: E731 -- short
    assert key(url="http://127.0.0.1:8080/a") == "http/127.0.0.1:8080"
    assert key(url="https://Shop.example/a") == "http/shop.example:443"
    assert key(url="http://[::1]:80/") == "http/::1:80"
    assert key(connection="shop", path="/a") == "http/shop"
