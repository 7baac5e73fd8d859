"""A service that does not start: restarted once where that can help, else the cause is named."""

import asyncio

from aiohttp import web

ROWS = ("SM-2",)
BACKENDS = {"systemd": "fake", "ssh": "real", "postgres": "real", "http": "fake"}


def healthy_when_active(machine):
    async def health(_request):
        active = "ActiveState=active" in (machine.home / "unit").read_text()
        return web.json_response({"status": "ok"}) if active else web.Response(status=503)

    return health


async def test_it_is_restarted_and_health_proves_it(sm, alert, service, postgres):
    sm.machine.unit("failed", "failed", "exit-code")
    app = await service({"/health": healthy_when_active(sm.machine)})
    async with sm.running({"http": {"sergas": app.connection()}, "postgres": {"sergas": postgres.connection()}}) as daemon:
        run = await daemon.alert(alertname="SergasAppNotStarting", host="sergas", **alert)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert sm.machine.restarts == ["sergas-app.service"]
    assert "secret-" not in report


async def test_whoever_holds_the_port_is_named_and_left_alone(sm, alert, service, postgres):
    sm.machine.unit("failed", "failed", "exit-code")
    sm.machine.journal("2026-01-05T00:00:00+0000 sergas python[1]: OSError: [Errno 98] Address already in use")
    holder = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = holder.sockets[0].getsockname()[1]
    app = await service({"/health": healthy_when_active(sm.machine)})
    connections = {"http": {"sergas": app.connection()}, "postgres": {"sergas": postgres.connection()}}
    async with sm.running(connections, params={"port": port}) as daemon:
        run = await daemon.alert(alertname="SergasAppNotStarting", host="sergas", **alert)
        await daemon.ends(run, "escalated")
        report = await daemon.report(run)
    assert sm.machine.restarts == []
    assert "held=true" in report
    assert "Address already in use" in report
    assert holder.is_serving()
    holder.close()


async def test_a_missing_variable_is_named_and_no_value_is_told(sm, alert, service, postgres):
    sm.machine.unit("failed", "failed", "exit-code")
    sm.machine.environment("DATABASE_USER", "DATABASE_NAME", "COGNEE_API_KEY")
    app = await service({"/health": healthy_when_active(sm.machine)})
    async with sm.running({"http": {"sergas": app.connection()}, "postgres": {"sergas": postgres.connection()}}) as daemon:
        run = await daemon.alert(alertname="SergasAppNotStarting", host="sergas", **alert)
        await daemon.ends(run, "escalated")
        report = await daemon.report(run)
    assert sm.machine.restarts == []
    assert "ZOHO_MCP_CLIENT_SECRET" in report
    assert "secret-" not in report
