import asyncio
import time

import pytest
from aiohttp import web
from fakes.prometheus_servers import post_alert, post_silence, start_alertmanager
from fakes.small_server import serve
from msgspec.structs import replace

from remediator.actions.alertmanager import working
from remediator.actions.alertmanager.silences import stamp
from remediator.errors import PermanentError

SLOW = {"alertname": "Slow", "team": "shop", "path": 'C:\\x "y"', "empty": ""}
SECOND = 1_000_000


@pytest.fixture
def at(connected):
    """Makes a context of now, with the connection "default"."""
    return lambda url, **fields: replace(connected("alertmanager", "default", url=url, **fields), now=time.time_ns() // 1000)


async def soon(context, labels, wanted):
    for _ in range(100):
        if (found := await working.standing(context, "default", labels)).state == wanted:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"{found} is not {wanted}")


async def silences(context, url, state="active"):
    async with context.session.get(f"{url}/api/v2/silences") as response:
        return [each for each in await response.json() if each["status"]["state"] == state]


async def is_suppressed(context, url, labels):
    for _ in range(100):
        async with context.session.get(f"{url}/api/v2/alerts") as response:
            found = [each for each in await response.json() if each["labels"] == labels]
        if found and found[0]["status"]["state"] == "suppressed":
            return
        await asyncio.sleep(0.05)
    raise AssertionError(found)


async def test_a_real_alertmanager(at, tmp_path):
    async with start_alertmanager(tmp_path) as server:
        context = at(server.url)
        end = context.now + 600 * SECOND
        present = {name: value for name, value in SLOW.items() if value}
        assert (await working.standing(context, "default", SLOW)).state == "resolved"
        await post_alert(server.url, present)

        made = await working.silence_while_working(context, "default", SLOW, end, "rule slow works on host/shop")
        # Cut off before it was noted: the same run makes no second one, another run its own.
        assert await working.silence_while_working(context, "default", SLOW, end, "the same") == made
        (silence,) = await silences(context, server.url)
        assert (silence["id"], silence["createdBy"]) == (made["silence"], "remediator")
        assert silence["comment"] == "rule slow works on host/shop [remediator run run-1 works on it]"
        equal = {each["name"]: each["value"] for each in silence["matchers"] if each["isEqual"] and not each["isRegex"]}
        assert equal == present
        other = await working.silence_while_working(replace(context, run="run-2"), "default", SLOW, end, "another")
        assert other != made

        await is_suppressed(context, server.url, present)
        assert (await working.standing(context, "default", SLOW)).state == "firing"  # ours do not count

        theirs = await post_silence(server.url, {"team": "shop"})
        found = await soon(context, SLOW, "silenced")
        assert (found.by, found.comment, found.silence) == ("test", "test", theirs)
        assert 3500 < (found.until - context.now) / SECOND < 3700

        assert await working.loud_again(context, "default", SLOW, [end]) == 1
        assert await working.loud_again(context, "default", SLOW, [end]) == 0
        assert {each["id"] for each in await silences(context, server.url)} == {other["silence"], theirs}
        # It works on it again, in a later cycle: what was ended is not taken for it.
        again = await working.silence_while_working(context, "default", SLOW, end, "again")
        assert again not in (made, other)


async def test_one_that_somebody_gave_another_end_stays(at, tmp_path):
    async with start_alertmanager(tmp_path) as server:
        context = at(server.url)
        end = context.now + 600 * SECOND
        await working.silence_while_working(context, "default", SLOW, end, "why")
        (silence,) = await silences(context, server.url)
        longer = {key: silence[key] for key in ("id", "matchers", "startsAt", "createdBy", "comment")}
        longer["endsAt"] = stamp(end + 3600 * SECOND)
        async with context.session.post(f"{server.url}/api/v2/silences", json=longer) as response:
            assert response.status == 200
        assert await working.loud_again(context, "default", SLOW, [end]) == 0


@pytest.mark.parametrize(("labels", "why"), [
    ({"alertname": "A", "severity": "Critical"}, 'severity "Critical" is never silenced'),
    ({"alertname": "A", "a b": "c"}, "matchers"),
    ({"alertname": "A", "long": "x" * 1025}, "matchers"),
    ({"alertname": "A"} | {f"l{n}": "x" for n in range(64)}, "matchers"),
    ({"alertname": ""}, "matchers"),
])  # fmt: skip
async def test_what_is_not_silenced(at, labels, why):
    async with serve(web.json_response([])) as server:
        context = at(server.url)
        said = await working.silence_while_working(context, "default", labels, context.now + SECOND, "why")
        assert why in said["not_silenced"]
        assert not server.requests


async def test_not_longer_than_the_site_allows(at):
    async with serve(web.json_response([])) as server:
        context = at(server.url, longest_silence="1m")
        assert "time is up" in (await working.silence_while_working(context, "default", SLOW, context.now, ""))["not_silenced"]
        with pytest.raises(PermanentError, match="at most 1m"):
            await working.silence_while_working(context, "default", SLOW, context.now + 61 * SECOND, "")


@pytest.mark.parametrize("answer", [404, 500, "odd"])
async def test_what_is_silenced_by_nobody_knows_whom_is_silenced(at, answer):
    """A person's silence that cannot be read is not one of ours."""
    status = {"state": "suppressed", "silencedBy": ["5f1"], "inhibitedBy": [], "mutedBy": []}

    async def handle(request):
        if request.path.endswith("/alerts"):
            return web.json_response([{"labels": {"alertname": "A"}, "status": status}])
        return web.json_response({"odd": 1}) if answer == "odd" else web.Response(status=answer)

    async with serve(handle) as server:
        assert await working.standing(at(server.url), "default", {"alertname": "A"}) == working.Standing("silenced")


@pytest.mark.parametrize(("status", "wanted"), [
    ({"silencedBy": [], "mutedBy": ["night"]}, "silenced"),
    ({"silencedBy": [], "inhibitedBy": ["a1"]}, "inhibited"),
    ({"silencedBy": [f"5f{n}" for n in range(9)]}, "silenced"),
    ({"silencedBy": ["5f1"], "inhibitedBy": ["a1"]}, "inhibited"),
])  # fmt: skip
async def test_what_else_keeps_an_alert_quiet(at, status, wanted):
    ours = {"id": "5f1", "status": {"state": "active"}, "createdBy": "remediator", "comment": "", "endsAt": "2040-01-01T00:00:00Z", "matchers": []}

    async def handle(request):
        alert = {"labels": {"alertname": "A"}, "status": {"state": "suppressed", **status}}
        return web.json_response([alert] if request.path.endswith("/alerts") else ours)

    async with serve(handle) as server:
        assert (await working.standing(at(server.url), "default", {"alertname": "A"})).state == wanted
