"""One report of everything, within the limits of each part, while half of it does not answer."""

import asyncio
import time

from fakes.slack_api import SlackApi
from guides.backends import comes_to_stand_in

ROWS = ("AP-12",)
BACKENDS = {"kubernetes": "fake", "postgres": "real", "prometheus": "fake", "http": "fake", "slack": "fake"}
PARTS = (
    "api", "worker", "database", "connections", "pods", "nodes", "usage", "events", "monitoring_pods", "prometheus",
    "targets", "alertmanager", "alerts", "grafana",
)  # fmt: skip
AWAY = ["api", "worker", "database", "connections", "events", "targets", "alerts"]  # half of it
ALERT = {"alertname": "AIHealthSummary", "platform": "ai", "severity": "info"}


def evidence(report):
    """Return the table of a report: what stands beside each step."""
    table = report.partition("| Step | Holds | Finding |")[2].partition("\n\n")[0]
    rows = [line.strip("| ").split("|", 1) for line in table.splitlines() if line.startswith("| `")]
    return {name.strip(" `"): rest.strip() for name, rest in rows}


async def test_all_is_well_but_alertmanager(platform, database):
    async with platform.up() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "observed")
        report = await daemon.report(run)
    for part in ("api", "worker", "database", "pods", "nodes", "events", "prometheus", "targets", "alertmanager", "grafana"):
        assert part in report
    assert platform.writes() == []


async def test_half_of_it_is_away(platform):
    async def hang(_request):
        await asyncio.sleep(60)

    platform.gateway.answers["/health"] = hang
    platform.worker.answers["/health"] = 503
    platform.kubernetes.hang("list", "events")
    platform.connections["kubernetes"]["default"]["request_timeout"] = "500ms"
    async with SlackApi() as slack:
        slack.add_channel("C0OPS", "ops")
        token = platform.site.file("slack-token", slack.token)
        told = {"slack": {"token_file": token, "channel": "C0OPS", "api_url": slack.api_url}}
        async with platform.up(config=told) as daemon:
            began = time.monotonic()
            run = await daemon.alert(**ALERT)
            await daemon.ends(run, "observed")
            assert time.monotonic() - began < 10  # all at once, each within its own limit
            report = await daemon.report(run)
            said = await comes_to_stand_in(slack, *(f"`{name}`" for name in PARTS))
    found = evidence(report)
    assert [name for name in PARTS if found[name].startswith(("no", "unknown"))] == AWAY
    for place in (report, said):  # one table with what is well and what is not, in both
        for seen in ("no answer from", "the status is 503", "no connection to postgres/ai", "no answer in time", "status 200"):
            assert seen in place, seen
