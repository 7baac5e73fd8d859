"""Situation, task, action, result, reflection: in Slack and as Markdown, whatever the run was about."""

import asyncio
import json

from fakes.slack_api import SlackApi

ROWS = ("SA-12",)
BACKENDS = {"slack": "fake", "http": "fake", "postgres": "real", "redis": "real", "kubernetes": "fake"}
PARTS = ("Situation", "Task", "Action", "Result", "Reflection")


async def test_an_alert_that_no_other_rule_is_for(agents):
    agents.api.answers["/health"] = 503
    async with SlackApi() as slack:
        slack.add_channel("C0OPS", "ops")
        token = agents.site.file("slack-token", slack.token)
        told = {"slack": {"token_file": token, "channel": "C0OPS", "api_url": slack.api_url}}
        async with agents.daemon(**told) as daemon:
            run = await daemon.alert(alertname="SomethingNew", platform="sergas-agents", severity="warning")
            await daemon.ends(run, "observed")
            report = await daemon.report(run)
            async with asyncio.timeout(10):
                while not all(part in _said(slack) for part in PARTS):
                    await asyncio.sleep(0.05)
        said = _said(slack)
    assert [line[3:] for line in report.splitlines() if line.startswith("## ")] == list(PARTS)
    for place in (report, said):
        assert "SomethingNew" in place
        assert "503" in place
    for step in ("database", "cache", "breaker", "workload", "logs"):
        assert f"`{step}`" in report
    assert agents.api.changes() == agents.writes() == []


def _said(slack):
    """All that stands in the channel, threads included."""
    found = []
    for message in slack.channels["C0OPS"].messages.values():
        for one in (message, *message.thread.values()):
            found += [one.text, json.dumps(one.blocks, ensure_ascii=False)]
    return "\n".join(found)
