"""Somebody answers in time and it is over when Alertmanager says so; nobody does, and the run says so in time."""

from fakes.prometheus_servers import post_alert, start_alertmanager

ROWS = ("AP-11",)
BACKENDS = {"alertmanager": "real"}
INCIDENT = {"alertname": "AIIncident", "platform": "ai", "sev": "1", "severity": "critical"}


def of_the_incident(daemon_runs):
    return next(run["id"] for run in daemon_runs if run["rule"].startswith("AP-11"))


async def test_it_is_answered_and_ends(platform, tmp_path):
    async with start_alertmanager(tmp_path) as alertmanager:
        platform.connections["alertmanager"]["default"] = {"url": alertmanager.url}
        await post_alert(alertmanager.url, INCIDENT)
        async with platform.up() as daemon:
            await daemon.alert(**INCIDENT)
            run = of_the_incident(await daemon.api("runs"))
            await daemon.approve(run, who="anna", reason="I look after it")
            await daemon.reaches(run, "verifying")
            await post_alert(alertmanager.url, INCIDENT, over=True)
            await daemon.ends(run, "succeeded")
            report = await daemon.report(run)
    assert "I look after it" in report
    assert "team lead after 1 h" in report


async def test_nobody_answers(platform, tmp_path):
    async with start_alertmanager(tmp_path) as alertmanager:
        platform.connections["alertmanager"]["default"] = {"url": alertmanager.url}
        await post_alert(alertmanager.url, INCIDENT)
        async with platform.up(edit=soon) as daemon:
            await daemon.alert(**INCIDENT)
            run = of_the_incident(await daemon.api("runs"))
            ended = await daemon.ends(run, "expired")
    assert "nobody approved" in ended["reason"]


def soon(document):
    for rule in document["rules"]:
        if rule["name"].startswith("AP-11"):
            rule["approval_timeout"] = "500ms"
