"""Exporter → Prometheus → Alertmanager → remediator → remedy → Prometheus again → Slack; only Slack is pretended."""

import asyncio
import sqlite3
from contextlib import closing

from aiohttp import web
from e2e.daemon import Site, start_daemon
from fakes.prometheus_servers import start_alertmanager, start_prometheus
from fakes.slack_api import SlackApi, texts

ALERTS = {"groups": [{"name": "orders", "rules": [{
    "alert": "QueueTooDeep", "expr": "orders_queue_depth > 100",
    "labels": {"severity": "critical"},
    "annotations": {"summary": "{{ $value }} orders wait at {{ $labels.instance }}"},
}]}]}  # fmt: skip

RULES = """
rules:
  - name: queue-too-deep
    match: alertname = "QueueTooDeep"
    guide: drain-queue
    with: {instance: "{{ labels.instance }}"}
    mode: auto
    silence: while_working

guides:
  drain-queue:
    summary: More orders wait than are worked off
    parameters:
      instance: {type: string}
    target: http/orders/{{ params.instance }}
    diagnose:
      - id: depth
        prometheus.query: {query: 'orders_queue_depth{instance="{{ params.instance }}"}', above: 100}
    remedies:
      - name: scale down
        when: steps.depth.value < 10
        steps:
          - http.request: {connection: orders, path: /admin/scale-down}
      - name: drain the queue
        when: steps.depth.holds
        steps:
          - http.request: {connection: orders, path: /admin/drain}
    verify:
      within: 30s
      interval: 500ms
      all:
        - prometheus.query: {query: 'orders_queue_depth{instance="{{ params.instance }}"}', below: 100}
        - alertmanager.alerts:
            matchers: ['alertname="QueueTooDeep"', 'instance="{{ params.instance }}"']
            is: resolved
    escalate: sev-2
    notes: Long term, give the workers a limit.
"""


class Exporter:
    """A service whose queue is deep until somebody drains it."""

    def __init__(self):
        self.depth, self.changes = 5, []

    async def __aenter__(self):
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_post("/admin/{what}", self._admin)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.instance = f"127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_error):
        await self._runner.cleanup()

    async def _metrics(self, _request):
        return web.Response(text=f"# TYPE orders_queue_depth gauge\norders_queue_depth {self.depth}\n")

    async def _admin(self, request):
        self.changes.append(request.match_info["what"])
        self.depth = 5
        return web.json_response({"drained": True})


async def becomes(ask, wanted, seconds):
    for _ in range(int(seconds / 0.1)):
        if (found := await ask()) == wanted:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{found!r} is not {wanted!r}")


async def test_the_whole_way(tmp_path, unused_tcp_port):
    token = "t0ken-of-the-webhook"
    async with (
        Exporter() as exporter,
        SlackApi() as slack,
        start_alertmanager(
            tmp_path, f"http://127.0.0.1:{unused_tcp_port}/api/v1/alertmanager", bearer_token=token
        ) as alertmanager,
        start_prometheus(tmp_path, [exporter.instance], ALERTS, alertmanager.url) as prometheus,
    ):
        channel = slack.add_channel("C0OPS", "ops")
        site = Site.make(
            tmp_path, RULES, "--web.listen-address", f"127.0.0.1:{unused_tcp_port}",
            connections={
                "prometheus": {"default": {"url": prometheus.url, "scrape_interval": "1s"}},
                "alertmanager": {"default": {"url": alertmanager.url, "never": ["page"]}},
                "http": {"orders": {"base_url": f"http://{exporter.instance}"}},
            },
            web={"webhook": {"bearer_token_file": "token"}},
            slack={"token_file": "slack-token", "channel": "C0OPS", "api_url": slack.api_url},
        )  # fmt: skip
        site.file("token", token + "\n")
        site.file("slack-token", slack.token + "\n")
        async with start_daemon(site, token=token) as daemon:
            exporter.depth = 250
            run = await first_run(daemon)
            shown = await daemon.reaches(run, "succeeded", within=45)
            # It was over before its silence was: Alertmanager says nothing of that, so it was asked.
            await becomes(lambda: silences_of(daemon, alertmanager.url), [f"expired: {run}"], 20)
            await becomes(lambda: open_episodes(site), 0, 20)

            await becomes(lambda: thread_of(channel), ["Diagnosis", "Action", "Verification", "Result"], 20)
            assert await daemon.metric("remediator_notifications_total", code="401") == 0
            assert len(await daemon.runs()) == 1
            log = "\n".join(map(str, daemon.log()))
    assert exporter.changes == ["drain"]
    assert '"drain the queue" helped' in shown["reason"]
    assert shown["plan"]["target"] == f"http/orders/{exporter.instance}"
    assert shown["plan"]["labels"] == {
        "alertname": "QueueTooDeep", "instance": exporter.instance, "job": "test", "severity": "critical",
    }  # fmt: skip
    [message] = channel.messages.values()  # one, posted when it began to act and updated since
    assert message.updates >= 1
    assert "Succeeded" in message.text
    told = "\n".join(texts([message.blocks, *(reply.blocks for reply in message.thread.values())]))
    assert "250 orders wait" in told
    for secret in (token, slack.token):
        assert secret not in log
        assert secret not in told


async def silences_of(daemon, url):
    """Return state and run of each silence that remediator made."""
    async with daemon.session.get(f"{url}/api/v2/silences") as response:
        found = [(each["status"]["state"], each["comment"]) for each in await response.json() if each["createdBy"] == "remediator"]
    return [f"{state}: {comment.partition('[remediator run ')[2].split()[0]}" for state, comment in found]


async def open_episodes(site):
    with closing(sqlite3.connect(f"file:{site.store}?mode=ro", uri=True)) as db:
        return db.execute("SELECT count(*) FROM episode WHERE resolved_at IS NULL").fetchone()[0]


async def first_run(daemon):
    for _ in range(400):
        if found := await daemon.runs():
            return found[0]["id"]
        await asyncio.sleep(0.1)
    raise AssertionError("no alert came")


async def thread_of(channel):
    """Return the topics of the replies, such as ``Diagnosis`` of "✅ Diagnosis: QueueTooDeep on …"."""
    return [reply.text.partition(":")[0].split()[-1] for m in channel.messages.values() for reply in m.thread.values()]
