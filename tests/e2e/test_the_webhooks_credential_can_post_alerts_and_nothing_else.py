import asyncio
import json

from e2e.daemon import Site, basic, notification, start_daemon
from e2e.shop import shop_rules

TOKEN = "t0ken-of-the-webhook"
ALERT = [{"alertname": "ShopDown"}]
GUARDED = [
    ("GET", "/metrics"), ("GET", "/api/v1/runs"), ("GET", "/api/v1/runs/x"), ("POST", "/api/v1/runs/x/approve"),
    ("POST", "/api/v1/runs/x/settle"), ("GET", "/api/v1/audit"), ("POST", "/api/v1/pause"), ("POST", "/api/v1/resume"),
    ("GET", "/api/v1/breakers"), ("POST", "/api/v1/breakers/reset"), ("POST", "/api/v1/log-level"),
    ("POST", "/-/reload"),
]  # fmt: skip


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
        for method, path in GUARDED:
            for authorization in (bearer, *wrong):
                assert await status_of(daemon, method, path, authorization) == 401, (path, authorization)
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
    return (await daemon.ask(method, path, data=body if body or method == "GET" else b"{}", headers=headers))[0]


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
