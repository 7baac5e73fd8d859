
import aiohttp
import pytest
from aiohttp import web
from fakes.prometheus_servers import start_alertmanager
from fakes.run_views import EXAMPLES, HOSTILE, RUN
from fakes.small_server import serve
from msgspec.structs import replace

from remediator.core.durations import SECOND
from remediator.core.reporting import TOPICS, Message, Telling
from remediator.errors import PermanentError, TemporaryError
from remediator.interfaces.escalate_alertmanager import AlertmanagerEscalation

ESCALATION = Message(EXAMPLES["escalated"](), Telling.ESCALATION)
NOW = 4_102_444_800 * SECOND  # 2100: an alert that is over is not listed


async def listed(url):
    async with aiohttp.ClientSession() as session, session.get(f"{url}/api/v2/alerts") as response:
        return await response.json()


async def test_alertmanager_takes_the_alert_and_keeps_it_one(session, tmp_path):
    async with start_alertmanager(tmp_path) as server:
        reporter = AlertmanagerEscalation(server.url, session, now=lambda: NOW)
        for _ in range(2):
            assert await reporter.tell(ESCALATION) is None
        (alert,) = await listed(server.url)
        assert alert["labels"] == {
            "alertname": "RemediatorRunNeedsAttention",
            "rule": "gateway-latency",
            "guide": "high-latency",
            "status": "escalated",
            "severity": "sev-2",
            "run": RUN,
        }
        assert alert["annotations"]["summary"].startswith("🚨 Escalated (sev-2): a person is needed")
        assert "hunter2" not in str(alert)
        assert alert["annotations"]["runbook_url"] == "https://runbooks.example.com/high-latency"
        assert alert["startsAt"] == "2025-03-01T03:07:05.000Z"
        assert alert["endsAt"] == "2100-01-01T04:00:00.000Z"

        # Any text is a label to it.
        for place, text in enumerate(HOSTILE):
            plan = replace(ESCALATION.run.plan, rule=text, guide=text, escalate=text or None)
            run = replace(ESCALATION.run, plan=plan, id=f"{place}{text}", reason=text)
            await reporter.tell(Message(run, Telling.ESCALATION))
        assert len(await listed(server.url)) == 1 + len(HOSTILE)


async def test_other_tellings_and_alerts_of_its_own_are_dropped(session):
    async with serve(web.Response()) as server:
        reporter = AlertmanagerEscalation(server.url, session)
        for telling in (Telling.MESSAGE, Telling.THREAD):
            for topic in TOPICS:
                assert await reporter.tell(Message(ESCALATION.run, telling, topic)) is None
        labels = {"alertname": "RemediatorRunNeedsAttention"}
        own = replace(ESCALATION.run, plan=replace(ESCALATION.run.plan, labels=labels))
        assert await reporter.tell(Message(own, Telling.ESCALATION)) is None
    assert server.requests == []


async def test_the_route_prefix_and_headers_are_kept(session):
    async with serve(web.Response()) as server:
        reporter = AlertmanagerEscalation(f"{server.url}/am/", session, proof=lambda: ({"Authorization": "Bearer x"}, True))
        await reporter.tell(ESCALATION)
    (request,) = server.requests
    assert (request.path, request.headers["Authorization"]) == ("/am/api/v2/alerts", "Bearer x")


@pytest.mark.parametrize(
    ("status", "error"), [(400, PermanentError), (404, PermanentError), (429, TemporaryError), (503, TemporaryError)]
)
async def test_its_refusals_become_ours(session, status, error):
    async with serve(web.Response(status=status, text="no password=hunter2", headers={"Retry-After": "7"})) as server:
        with pytest.raises(error) as caught:
            await AlertmanagerEscalation(server.url, session).tell(ESCALATION)
    assert "hunter2" not in str(caught.value)
    if status == 429:
        assert caught.value.retry_after == 7.0
