"""The first look: one table, whatever answers and whatever does not. Nothing is changed."""

ROWS = ("SM-1",)
BACKENDS = {"systemd": "fake", "host": "real", "ssh": "real", "postgres": "real", "redis": "real", "http": "real"}


def rows(report):
    """Return the evidence of a report by step."""
    table = report.partition("**Evidence**")[2].partition("\n## ")[0]
    cells = [line.strip("| ").split(" | ", 1) for line in table.splitlines() if line.startswith("| `")]
    return {name.strip("`"): finding for name, finding in cells}


async def test_all_is_well(sm, alert, service, postgres, redis):
    app = await service({"/health": {"status": "ok", "zoho": "authenticated"}})
    connections = {"http": {"sergas": app.connection()}, "postgres": {"sergas": postgres.connection()}}
    async with sm.running(connections | {"redis": {"sergas": redis.connection()}}, params={"full_share": 1}) as daemon:
        run = await daemon.alert(alertname="SergasFirstResponse", **alert)
        await daemon.ends(run, "observed")
        found = rows(await daemon.report(run))
    assert sorted(found) == sorted(["api", "database", "cache", "crm", "disk", "memory", "cpu", "unit", "sockets", "errors"])
    for name in ("api", "database", "cache", "crm", "disk", "memory", "unit"):
        assert "holds=true" in found[name], (name, found[name])


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
        found = rows(await daemon.report(run))
        console = daemon.console.getvalue()
    assert "holds=true" in found["api"]
    assert "holds=true" in found["database"]
    assert "token expired" in found["crm"]
    assert "holds=false" in found["cache"]
    assert "93.0% full" in found["disk"]
    assert "oom-kill" in found["unit"]
    assert "no permission" in found["errors"]
    assert sm.machine.restarts == []
    assert "93.0% full" in console


async def test_the_machine_is_away(sm, alert, service, postgres):
    app = await service({"/health": 503})
    connections = {"http": {"sergas": app.connection()}, "postgres": {"sergas": postgres.connection()}}
    away = sm.machine.sshd.fields | {"port": 9}
    async with sm.running(connections | {"host": {"sergas": away}}) as daemon:
        run = await daemon.alert(alertname="SergasFirstResponse", **alert)
        await daemon.ends(run, "observed")
        found = rows(await daemon.report(run))
    assert "holds=true" in found["database"]
    assert "503" in found["api"]
    assert "holds=false" in found["disk"]
    assert found["unit"].startswith("unknown")
