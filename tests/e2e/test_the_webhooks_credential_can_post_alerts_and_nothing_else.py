"""The webhook's credential opens the senders' door only: whatever else the daemon answers asks for an operator, but for probes."""

import asyncio
import json
import re
from itertools import chain, product, zip_longest
from types import SimpleNamespace

from e2e.daemon import Site, basic, notification, start_daemon
from e2e.shop import shop_rules
from fakes.front_door import make

from remediator.interfaces.web.server import PROBES, WEBHOOK

TOKEN = "t0ken-of-the-webhook"
ALERT = [{"alertname": "ShopDown"}]


def guarded():
    """Return every method and path that the daemon answers, but for the senders' and the probes'."""
    routes = make(SimpleNamespace(), None).router.routes()
    found = {(route.method, path) for route in routes for path in paths(route.resource.get_info())}
    return sorted(each for each in found if each[1] not in (*PROBES, *WEBHOOK))


def paths(info):
    """Return a path for each word that a route's pattern lists, and x for what may be anything."""
    if "path" in info:
        return [info["path"]]
    parts = re.split(r"\(\?P<\w+>(.*?)\)", info["pattern"].pattern)
    choices = [part.split("|") if re.fullmatch(r"[\w|]+", part) else ["x"] for part in parts[1::2]]
    return ["".join(chain.from_iterable(zip_longest(parts[::2], words, fillvalue=""))) for words in product(*choices)]


def guarded_site(tmp_path, shop, **config):
    web = {"webhook": {"bearer_token_file": "token"}, "max_body": 20_000}
    site = Site.make(tmp_path, shop_rules(mode="ask"), connections=shop.connections, web=web, **config)
    site.file("token", TOKEN + "\n")
    return Site(site.home, ("--web.config.file", site.web_file(oncall="s3cret-word")))


async def test_two_doors_two_keys(tmp_path, shop):
    async with start_daemon(guarded_site(tmp_path, shop), user="oncall", token=TOKEN) as daemon:
        bearer, operator = f"Bearer {TOKEN}", basic("oncall", daemon.password)
        wrong = [
            None,
            "Bearer wrong",
            "Bearer",
            f"Basic {TOKEN}",
            basic("oncall", "no"),
            basic("nobody", "s3cret-word"),
        ]
        asked = guarded()
        for method, path in asked:
            for authorization in (bearer, *wrong):
                assert await status_of(daemon, method, path, authorization) == 401, (method, path, authorization)
        assert {path.split("/")[3] for _, path in asked if path.startswith("/api/v1/")} >= {"runs", "explain", "pauses"}
        for authorization in (operator, *wrong):
            assert await status_of(daemon, "POST", "/api/v1/alertmanager", authorization, notification(ALERT)) == 401
            assert await status_of(daemon, "POST", "/webhook", authorization, notification(ALERT)) == 401
        assert await daemon.runs() == []  # nothing of all that was taken in
        for path in ("/-/healthy", "/-/ready", "/health", "/health/live", "/health/ready"):
            assert await status_of(daemon, "GET", path, None) == 200  # probes log in nowhere
        assert await status_of(daemon, "POST", "/webhook", bearer, notification(ALERT)) == 202
        assert len(await daemon.runs()) == 1
        text = json.dumps(daemon.log())
        assert TOKEN not in text
        assert "s3cret-word" not in text


async def status_of(daemon, method, path, authorization, body=None):
    headers = {"Content-Type": "application/json"} | ({"Authorization": authorization} if authorization else {})
    data = body if body or method in ("GET", "HEAD") else b"{}"
    async with daemon.session.request(method, daemon.url + path, data=data, headers=headers) as answer:
        await answer.read()
        return answer.status


async def test_answers_that_tell_the_sender_what_to_do(tmp_path, shop):
    async with start_daemon(guarded_site(tmp_path, shop, limits={"backlog": 1}), user="oncall", token=TOKEN) as daemon:
        status, answer = await daemon.post(b'{"alerts": [{"status": "on fire", "labels": {}}]}')
        assert (status, answer["field"]) == (400, "alerts.0.status")
        assert (await daemon.post(b"not JSON"))[0] == 400
        assert (await daemon.post(notification(ALERT, padding="x" * 30_000)))[0] == 413
        status, answer = await daemon.post(notification(ALERT))
        assert status == 202
        [run] = answer["runs"]
        await daemon.reaches(run, "awaiting_approval")
        status, answer = await daemon.post(notification([{"alertname": "ShopDown", "instance": "two"}]))
        assert status == 503  # as many are open as may be: come again
        assert "the limit is 1" in answer["detail"]
        for code, count in (("202", 1), ("400", 2), ("413", 1), ("503", 1)):
            assert await daemon.metric("remediator_notifications_total", code=code) == count
    assert shop.changes == []


async def test_many_senders_at_once_are_all_stored(tmp_path, shop):
    async with start_daemon(guarded_site(tmp_path, shop), user="oncall", token=TOKEN) as daemon:
        bodies = [notification([{"alertname": "Other", "n": str(n)}]) for n in range(64)]
        answers = await asyncio.gather(*(daemon.post(body) for body in bodies))
        assert [status for status, _ in answers] == [202] * 64
        assert len({answer["notification"] for _, answer in answers}) == 64
        assert await daemon.metric("remediator_decisions_total", verdict="unmatched") == 64
        assert await daemon.metric("remediator_store_commits") < 64  # concurrent requests share commits


async def test_a_name_that_somebody_made_up_reaches_no_operators_work(tmp_path, shop):
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections)
    async with start_daemon(site) as daemon:
        for host in ("evil.example.com", "169.254.1.1:9095"):
            assert (await daemon.ask("GET", "/api/v1/runs", headers={"Host": host}))[0] == 403
        assert (await daemon.ask("GET", "/api/v1/runs"))[0] == 200
