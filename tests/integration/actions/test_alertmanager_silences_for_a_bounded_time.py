import asyncio
import time

import pytest
from aiohttp import web
from fakes.prometheus_servers import post_alert, start_alertmanager
from fakes.small_server import serve
from msgspec.structs import replace

from remediator.actions import registry
from remediator.actions.alertmanager import FiringState, still_firing
from remediator.core.action import Intent
from remediator.errors import AmbiguousError, PermanentError

SILENCE = registry.find("alertmanager.silence")
SLOW = {"alertname": "Slow", "team": "shop"}


def asked(**args):
    return SILENCE.parameters.model_validate({"labels": SLOW, "duration": "1h", **args})


@pytest.fixture
def at(connected):
    """Makes a context of now, with the connection "default"."""
    return lambda url, **fields: replace(connected("alertmanager", "default", url=url, **fields), now=time.time_ns() // 1000)


async def soon(context, labels, wanted):
    for _ in range(100):
        if await still_firing(context, "default", labels) is wanted:
            return
        await asyncio.sleep(0.05)
    assert await still_firing(context, "default", labels) is wanted


async def test_a_real_alertmanager(at, perform, tmp_path):
    async with start_alertmanager(tmp_path) as server:
        context = at(server.url)
        loud = [SLOW | {"severity": each} for each in ("critical", "Page")]
        for labels in (SLOW, *loud, {"alertname": "Slow", "team": "other"}):
            await post_alert(server.url, labels)
        intent = await SILENCE.resolve(asked(comment="deploying"), context)
        assert await SILENCE.happened(intent, context) is False
        assert "critical and page stay loud" in await SILENCE.preview(intent.parameters, context)

        made = await SILENCE.perform(intent.parameters, context)
        assert made.changed
        await soon(context, SLOW, FiringState.SILENCED)
        for labels in (*loud, {"alertname": "Slow", "team": "other"}):
            assert await still_firing(context, "default", labels) is FiringState.FIRING

        # The same step again, also after a crash, makes no second one.
        assert await SILENCE.happened(intent, context) is True
        again = await SILENCE.perform(intent.parameters, replace(context, now=context.now + 5_000_000))
        assert (again.silence, again.changed) == (made.silence, False)

        undone = await SILENCE.undo(intent, context)
        assert (undone.silence, undone.changed) == (made.silence, True)
        await soon(context, SLOW, FiringState.FIRING)
        assert not (await SILENCE.undo(intent, context)).changed
        assert await SILENCE.happened(intent, context) is True


async def silences(context, url):
    async with context.session.get(f"{url}/api/v2/silences") as response:
        return await response.json()


async def test_one_that_a_person_changed_is_theirs(at, tmp_path):
    async with start_alertmanager(tmp_path) as server:
        context = at(server.url)
        intent = await SILENCE.resolve(asked(), context)
        await SILENCE.perform(intent.parameters, context)
        (silence,) = await silences(context, server.url)
        longer = {key: silence[key] for key in ("id", "matchers", "startsAt", "createdBy", "comment")}
        longer["endsAt"] = "2040-01-01T00:00:00Z"
        async with context.session.post(f"{server.url}/api/v2/silences", json=longer) as response:
            assert response.status == 200
        with pytest.raises(PermanentError, match="another end"):
            await SILENCE.undo(intent, context)
        (silence,) = await silences(context, server.url)
        assert silence["status"]["state"] == "active"


async def test_only_ours_are_ended(at, perform, tmp_path):
    async with start_alertmanager(tmp_path) as server:
        context = at(server.url)
        made = await SILENCE.perform(asked(), context)
        other = await SILENCE.perform(asked(labels={"alertname": "Slow"}, duration="2h"), context)
        (silence,) = [each for each in await silences(context, server.url) if each["id"] == made.silence]
        theirs = {key: silence[key] for key in ("matchers", "startsAt", "endsAt", "comment")} | {"createdBy": "anna"}
        async with context.session.post(f"{server.url}/api/v2/silences", json=theirs) as response:
            assert response.status == 200
        expire = registry.find("alertmanager.expire")
        parameters = expire.parameters(labels=SLOW)
        assert await expire.happened(Intent(parameters, {}), context) is False
        assert made.silence in await expire.preview(parameters, context)
        said = await expire.perform(parameters, context)
        assert (said.expired, said.others) == ([made.silence], 1)
        assert await expire.happened(Intent(parameters, {}), context) is True
        left = {each["id"] for each in await silences(context, server.url) if each["status"]["state"] == "active"}
        assert other.silence in left
        assert len(left) == 2


@pytest.mark.parametrize(("args", "match"), [
    ({"duration": "5h"}, "at most 4h"),
    ({"labels": {"alertname": "A", "severity": "CRITICAL"}}, "never silenced"),
    ({"ends_at": "2001-01-01T00:00:00Z"}, "is over"),
    ({"ends_at": "2100-01-01T00:00:00Z"}, "at most 4h"),
])  # fmt: skip
async def test_what_the_site_does_not_allow(at, args, match):
    async with serve(web.json_response([])) as server:
        with pytest.raises(PermanentError, match=match):
            await SILENCE.perform(asked(**args), at(server.url))
        assert all(request.method == "GET" for request in server.requests)


@pytest.mark.parametrize("labels", [{}, {"alertname": ""}, {"a b": "c"}, {"a": "x" * 1025}])
def test_labels_that_would_silence_more_than_is_meant(labels):
    with pytest.raises(ValueError, match="labels"):
        asked(labels=labels)


@pytest.mark.parametrize("answer", [web.Response(status=500, text="x"), web.json_response({})])
async def test_a_lost_answer_may_have_happened(at, answer):
    async def handle(request):
        return web.json_response([]) if request.method == "GET" else web.Response(status=answer.status, body=answer.body)

    async with serve(handle) as server:
        with pytest.raises(AmbiguousError):
            await SILENCE.perform(asked(), at(server.url))


@pytest.mark.parametrize("item", [{}, {"id": "../x", "status": {"state": "active"}}, {"id": "1", "status": {"state": "odd"}}, 3])
async def test_a_strange_silence_is_no_crash(at, item):
    async with serve(web.json_response([item])) as server:
        with pytest.raises(PermanentError, match="cannot be read"):
            await SILENCE.perform(asked(), at(server.url))
