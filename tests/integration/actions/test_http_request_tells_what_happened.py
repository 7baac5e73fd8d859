import pytest
from aiohttp import web
from fakes.small_server import closed_port, serve, serve_bytes

from remediator.errors import AmbiguousError, PermanentError, TemporaryError

A, P, T = (AmbiguousError, False), (PermanentError, False), (TemporaryError, False)
A_AWAY, T_AWAY = (AmbiguousError, True), (TemporaryError, True)


@pytest.mark.parametrize(
    ("args", "status", "kind"),
    [
        ({"method": "POST"}, 400, P),
        ({"method": "POST"}, 401, P),
        ({"method": "POST"}, 409, P),
        ({"method": "POST"}, 408, T),
        ({"method": "POST"}, 429, T),
        ({"method": "POST"}, 503, T),
        ({"method": "POST"}, 302, P),
        ({"method": "POST"}, 500, A),
        ({"method": "POST"}, 502, A_AWAY),
        ({"method": "POST"}, 504, A_AWAY),
        ({"method": "PATCH"}, 500, A),
        ({"method": "PUT"}, 500, T),
        ({"method": "DELETE"}, 504, T_AWAY),
        ({"method": "POST", "idempotent": True}, 500, T),
        ({"method": "POST", "expect": 201}, 200, A),
        ({"method": "GET", "expect": 204}, 200, P),
    ],
)
async def test_an_unexpected_answer(args, status, kind, context, perform):
    error, transport = kind
    async with serve(web.Response(status=status, text="no such luck", headers={"Location": "/x"})) as server:
        with pytest.raises(error, match=f"answered {status}: no such luck") as caught:
            await perform("http.request", context, url=server.url, **args)
    assert type(caught.value) is error
    assert caught.value.transport is transport
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("method", "status", "maybe"),
    [("PUT", 500, True), ("DELETE", 502, True), ("PUT", 503, False), ("PUT", 429, False), ("GET", 500, False)],
)
async def test_what_may_be_repeated_may_have_happened(method, status, maybe, context, perform):
    async with serve(web.Response(status=status)) as server:
        with pytest.raises(TemporaryError) as caught:
            await perform("http.request", context, url=server.url, method=method)
    assert caught.value.maybe is maybe


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("7", 7.0), ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0), ("soon", None), ("-5", None), ("9" * 40, 86_400.0)],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_it_says_when_to_come_back(status, retry_after, seconds, context, perform):
    async with serve(web.Response(status=status, headers={"Retry-After": retry_after})) as server:
        with pytest.raises(TemporaryError) as caught:
            await perform("http.request", context, url=server.url)
    assert caught.value.retry_after == seconds


async def test_what_was_never_sent_did_not_happen(context, perform):
    port = await closed_port()
    for url in (f"http://127.0.0.1:{port}/", "http://nowhere.invalid/"):
        with pytest.raises(TemporaryError, match="no connection") as caught:
            await perform("http.request", context, url=url)
        assert caught.value.transport


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    "answer", [b"", b"what?\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", b"HTTP/1.1 200"]
)
async def test_a_lost_answer_may_have_happened(method, answer, context, perform):
    async with serve_bytes(answer) as server:
        with pytest.raises(AmbiguousError, match="no answer") as caught:
            await perform("http.request", context, url=server.url, method=method)
    assert caught.value.transport


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"])
async def test_a_late_answer_may_have_happened(answer, context, perform):
    async with serve_bytes(answer, hang=True) as server:
        with pytest.raises(AmbiguousError, match="the time was up") as caught:
            await perform("http.request", context, url=server.url, timeout="200ms")
    assert caught.value.transport


async def test_success_is_told(context, perform):
    async with serve(web.json_response({"done": [1]}, status=202)) as server:
        found = await perform("http.request", context, url=server.url, json={"a": 1})
    assert (found.status, found.json, found.body) == (202, {"done": [1]}, '{"done": [1]}')
