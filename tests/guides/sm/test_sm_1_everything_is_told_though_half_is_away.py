"""The first look: one table, whatever answers and whatever does not. Nothing is changed."""

from fakes.slack_api import SlackApi
from guides.backends import comes_to_stand_in

ROWS = ("SM-1",)
BACKENDS = {
    "systemd": "fake", "df": "fake", "host": "real", "ssh": "real", "postgres": "real", "redis": "real", "http": "fake",
    "slack": "fake",
}  # fmt: skip


def matrix(report):
    """Return the table of a report: whether it holds, and what was found, by step."""
    table = report.partition("| Step | Holds | Finding |")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|", 2) for line in table.splitlines() if line.startswith("| `")]
    return {name.strip(" `"): (holds.strip(), finding.strip()) for name, holds, finding in rows}


async def test_all_is_well(sm, alert, service, postgres, redis):
    app = await service({"/health": {"status": "ok", "zoho": "authenticated"}})
    connections = {"http": {"sergas": app.connection()}, "postgres": {"sergas": postgres.connection()}}
    async with sm.running(connections | {"redis": {"sergas": redis.connection()}}, params={"full_share": 1}) as daemon:
        run = await daemon.alert(alertname="SergasFirstResponse", **alert)
        await daemon.ends(run, "observed")
        found = matrix(await daemon.report(run))
    assert list(found) == ["api", "database", "cache", "crm", "disk", "memory", "cpu", "unit", "sockets", "errors"]
    for name in ("api", "database", "cache", "crm", "disk", "memory", "unit"):
        assert found[name][0] == "yes", (name, found[name])


async def test_half_of_it_is_away(sm, alert, service, postgres):
    # The CRM's token is old, Redis refuses, the disk is full, the unit has failed, the journal cannot be read.
    sm.machine.unit("failed", "failed", "oom-kill")
    sm.machine.disk(0.93)
    sm.machine.sshd.program("journalctl", "echo no permission >&2; exit 1")
    app = await service({"/health": {"status": "degraded", "zoho": "token expired"}})
    connections = {"http": {"sergas": app.connection()}, "postgres": {"sergas": postgres.connection()}}
    async with sm.running(connections) as daemon:
        run = await daemon.alert(alertname="SergasFirstResponse", **alert)
        await daemon.ends(run, "observed")
        found = matrix(await daemon.report(run))
        console = daemon.console.getvalue()
    assert {name: holds for name, (holds, _) in found.items() if name not in ("memory", "cpu", "sockets")} == {
        "api": "yes", "database": "yes", "cache": "no", "crm": "no", "disk": "no", "unit": "no", "errors": "unknown",
    }  # fmt: skip
    for name, said in {"crm": "token expired", "disk": "93.0% full", "unit": "oom-kill", "errors": "no permission"}.items():
        assert said in found[name][1], (name, found[name])
    assert sm.machine.restarts == []
    assert "93.0% full" in console


async def test_the_machine_is_away(sm, alert, service, postgres):
    app = await service({"/health": 503})
    connections = {"http": {"sergas": app.connection()}, "postgres": {"sergas": postgres.connection()}}
    away = sm.machine.sshd.fields | {"port": 9}
    async with SlackApi() as slack:
        slack.add_channel("C0OPS", "ops")
        told = {"token_file": sm.site.file("slack-token", slack.token), "channel": "C0OPS", "api_url": slack.api_url}
        async with sm.running(connections | {"host": {"sergas": away}}, slack=told) as daemon:
            run = await daemon.alert(alertname="SergasFirstResponse", **alert)
            await daemon.ends(run, "observed")
            found = matrix(await daemon.report(run))
            await comes_to_stand_in(slack, *(f"`{name}`" for name in found), "503", "answers in")  # the same table
    assert {name: found[name][0] for name in ("api", "database", "disk", "unit", "sockets")} == {
        "api": "no", "database": "yes", "disk": "no", "unit": "unknown", "sockets": "unknown",
    }  # fmt: skip
    assert "503" in found["api"][1]
