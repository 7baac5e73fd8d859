"""Situation, task, action, result, reflection: in Slack and as Markdown, whatever the run was about."""

from fakes.slack_api import SlackApi
from guides.backends import comes_to_stand_in

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
            said = await comes_to_stand_in(slack, *PARTS)
    assert [line[3:] for line in report.splitlines() if line.startswith("## ")] == list(PARTS)
    for place in (report, said):
        assert "SomethingNew" in place
        assert "503" in place
    for step in ("database", "cache", "breaker", "workload", "logs"):
        assert f"`{step}`" in report
    assert agents.api.changes() == agents.writes() == []
