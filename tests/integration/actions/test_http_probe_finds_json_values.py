import json

import pytest
from aiohttp import web
from fakes.small_server import serve
from pydantic import ValidationError

from remediator.actions import registry

DOCUMENT = {
    "status": "ok", "ready": True, "count": 5, "zero": 0, "none": None,
    "checks": [{"name": "db", "state": "up", "ms": 3}, {"name": "mq", "state": "down", "ms": 40}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "holds", "value"),
    [
        ({"path": "$.status"}, True, "ok"),
        ({"path": "$.status", "equals": "ok"}, True, "ok"),
        ({"path": "$.status", "equals": "OK"}, False, "ok"),
        ({"path": "$.status", "matches": "o."}, True, "ok"),
        ({"path": "$.status", "matches": "o"}, False, "ok"),  # as a whole
        ({"path": "$.ready", "equals": True}, True, True),
        ({"path": "$.ready", "equals": 1}, False, True),  # kinds are not mixed
        ({"path": "$.count", "equals": "5"}, False, 5),
        ({"path": "$.count", "equals": 5.0}, True, 5),
        ({"path": "$.zero", "equals": 0}, True, 0),
        ({"path": "$.zero", "equals": False}, False, 0),
        ({"path": "$.count", "above": 4, "below": 6}, True, 5),
        ({"path": "$.count", "above": 5}, False, 5),
        ({"path": "$.status", "above": 0}, False, "ok"),
        ({"path": "$.ready", "above": 0}, False, True),  # true is no number
        ({"path": "$.none", "below": 1}, False, None),
        ({"path": "$.nothing", "below": 1}, False, None),
        ({"path": "$.nothing"}, False, None),
        ({"path": "$.checks[*].ms", "below": 50}, True, 3),
        ({"path": "$.checks[*].ms", "below": 10}, False, 3),  # every one
        ({"path": "$.checks[?@.name == 'db'].state", "equals": "up"}, True, "up"),
        ({"path": "$.checks[?match(@.name, 'd.')].state", "equals": "up"}, True, "up"),
        ({"path": "$.checks[?search(@.name, '^m')].state", "equals": "down"}, True, "down"),
        ({"path": "$.checks[?search(@.name, 'q')].state", "equals": "down"}, True, "down"),
        ({"path": "$.checks[?match(@.name, '(')].state"}, False, None),
    ],
)
async def test_value(condition, holds, value, context, perform):
    async with serve(web.json_response(DOCUMENT)) as server:
        found = await perform("http.probe", context, url=server.url, json=condition)
    assert (found.holds, found.value) == (holds, value), found.reason
    assert holds or condition["path"] in found.reason


@pytest.mark.parametrize("path", ["status", "$.", "$.a | $.b", "$..[", "$.a[?nope(@.b)]", ""])
def test_what_is_no_path_is_refused_at_load(path):
    with pytest.raises(ValidationError):
        registry.find("http.probe").parameters.model_validate({"url": "http://h/", "json": {"path": path}})


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"status": ', b"\xff\xfe", b"NaN", b"[" * 5000 + b"]" * 5000])
async def test_what_is_no_json_does_not_hold(body, context, perform):
    async with serve(web.Response(body=body)) as server:
        found = await perform("http.probe", context, url=server.url, json={"path": "$"})
    assert not found.holds
    assert found.status == 200
    assert "JSON" in found.reason


async def test_json_beyond_the_limit_is_unknown(context, perform):
    async with serve(web.json_response({"status": "ok", "rest": "x" * 100_000})) as server:
        found = await perform("http.probe", context, url=server.url, json={"path": "$.status", "equals": "ok"})
    assert not found.holds
    assert "body_limit" in found.reason


async def test_a_large_value_is_kept_in_part(context, perform):
    async with serve(web.json_response({"list": ["x" * 100] * 500})) as server:
        found = await perform("http.probe", context, url=server.url, json={"path": "$.list"})
    assert found.holds
    assert len(found.value) == 4096
    assert len(found.body) == 2048
    assert len(json.dumps(found.model_dump())) < 10_000


async def test_a_regex_that_would_backtrack_is_quick(context, perform):
    async with serve(web.json_response({"a": [{"b": "a" * 30_000 + "!"}]})) as server:
        found = await perform(
            "http.probe", context, url=server.url, json={"path": "$.a[?match(@.b, '(a+)+$')]"}, timeout="5s"
        )
    assert not found.holds
    assert "finds nothing" in found.reason
