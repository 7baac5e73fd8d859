import json

import pytest
from aiohttp import web
from fakes.small_server import closed_port, serve, serve_bytes

from remediator.errors import PermanentError, TemporaryError


def vector(*items, **more):
    return {"status": "success", "data": {"resultType": "vector", "result": list(items)}, **more}


STRANGE = [
    b"", b"<html>login</html>", b"null", b"[]", b'"success"', b"{}", b'{"status": "success"}', b"[" * 9000,
    json.dumps({"status": "error"}).encode(),
    json.dumps({"status": "success", "data": []}).encode(),
    json.dumps({"status": "success", "data": {}}).encode(),
    json.dumps({"status": "success", "data": {"resultType": "vector", "result": {}, "x": 1}}).encode()[:-1],
    json.dumps({"status": "success", "data": {"resultType": "vector", "result": 5}}).encode(),
    json.dumps({"status": "success", "data": {"resultType": "scalar", "result": [1]}}).encode(),
    json.dumps({"status": "success", "data": {"resultType": [], "result": []}}).encode(),
    *(
        json.dumps(vector(item)).encode()
        for item in (
            5, None, [], {}, {"metric": {}, "value": None}, {"metric": [], "value": [1, "1"]},
            {"metric": {}, "value": [1, 5]}, {"metric": {}, "value": [1, "one"]}, {"metric": {}, "value": "ab"},
            {"metric": {}, "value": [1, "1", "2"]},
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("body", STRANGE)
async def test_a_strange_answer_is_an_error(body, connected, perform):
    async with serve(web.Response(body=body)) as server:
        with pytest.raises(PermanentError):
            await perform("prometheus.query", connected("prometheus", "default", url=server.url), query="up")


async def test_a_huge_answer_is_refused(connected, perform):
    many = vector(*({"metric": {"a": "x" * 200, "n": str(n)}, "value": [1, "1"]} for n in range(5000)))
    async with serve(web.json_response(many)) as server:
        with pytest.raises(PermanentError, match="more than 1048576 bytes"):
            await perform("prometheus.query", connected("prometheus", "default", url=server.url), query="up")


async def test_what_is_kept_is_bounded(connected, perform):
    labels = {f"l{n}": "x\x1b" * 500 for n in range(60)}
    answer = vector({"metric": labels, "value": [1, "2"]}, warnings=["w" * 5000] * 50)
    async with serve(web.json_response(answer)) as server:
        context = connected("prometheus", "default", url=server.url)
        found = await perform("prometheus.query", context, query="x", above=1)
    assert found.holds
    assert len(found.values[0].labels) == 32
    assert len(found.warnings) == 10
    assert "Prometheus warns: www" in found.reason
    assert len(found.model_dump_json()) < 30_000
    assert "\x1b" not in str(found.values)


async def test_a_native_histogram_is_no_number(connected, perform):
    async with serve(web.json_response(vector({"metric": {}, "histogram": [1, {}]}))) as server:
        found = await perform("prometheus.query", connected("prometheus", "default", url=server.url), query="x")
    assert not found.holds


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (503, {"status": "error", "errorType": "timeout", "error": "query timed out"}, (TemporaryError, False)),
        (503, None, (TemporaryError, True)),
        (502, None, (TemporaryError, True)),
        (500, None, (TemporaryError, False)),
        (429, None, (TemporaryError, False)),
        (401, None, (PermanentError, False)),
        (422, {"status": "error", "error": "query timed out"}, (PermanentError, False)),
        (302, None, (PermanentError, False)),
    ],
)
async def test_a_refusal(status, body, kind, connected, perform):
    error, transport = kind
    answer = web.Response(status=status, text="no" if body is None else json.dumps(body), headers={"Retry-After": "3"})
    async with serve(answer) as server:
        with pytest.raises(error, match="no" if body is None else "query timed out") as caught:
            await perform("prometheus.query", connected("prometheus", "default", url=server.url), query="up")
    assert caught.value.transport is transport
    assert caught.value.retry_after == (3.0 if error is TemporaryError else None)


async def test_nobody_there(connected, perform):
    context = connected("prometheus", "default", url=f"http://127.0.0.1:{await closed_port()}")
    with pytest.raises(TemporaryError, match="no connection") as caught:
        await perform("prometheus.query", context, query="up")
    assert caught.value.transport
    async with serve_bytes(b"") as server:
        with pytest.raises(TemporaryError, match="closed the connection") as caught:
            await perform("prometheus.query", connected("prometheus", "default", url=server.url), query="up")
    assert caught.value.transport


async def test_what_is_sent(connected, perform, tmp_path):
    (tmp_path / "token").write_text("secret-token")
    async with serve(web.json_response(vector())) as server:
        context = connected(
            "prometheus", "default", url=f"{server.url}/prom/", bearer_token_file=str(tmp_path / "token"),
            headers={"X-Scope-OrgID": "team-a"},
        )  # fmt: skip
        await perform("prometheus.query", context, query='up{a="+;&%"}')
    request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/prom/api/v1/query")
    assert server.bodies == [b"query=up%7Ba%3D%22%2B%3B%26%25%22%7D"]
    assert request.headers["X-Scope-OrgID"] == "team-a"
    assert request.headers["Authorization"] == "Bearer secret-token"


async def test_an_unknown_connection_is_named(context, perform):
    with pytest.raises(PermanentError, match='no prometheus connection "other"'):
        await perform("prometheus.query", context, connection="other", query="up")
