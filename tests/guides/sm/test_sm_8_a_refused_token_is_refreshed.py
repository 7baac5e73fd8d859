"""The CRM refuses the token: a new one, the cached ones forgotten, the service restarted; in that order."""

import json

from aiohttp import web

ROWS = ("SM-8",)
BACKENDS = {"redis": "real", "command": "real", "systemd": "fake", "ssh": "real", "http": "fake"}


async def test_it_is_authenticated_again(sm, alert, service, redis):
    redis.admin.set("zoho:access_token", "old")
    redis.admin.set("zoho:refresh_token", "old")
    redis.admin.set("session:1", "somebody")

    async def health(_request):
        # As the service does it: what is cached counts, else the new token, once it has started anew.
        cached = redis.admin.exists("zoho:access_token", "zoho:refresh_token")
        good = not cached and sm.machine.lines("token") == ["fresh"] and sm.machine.restarts
        return web.Response(text=json.dumps({"zoho": "authenticated" if good else "invalid token"}))

    app = await service({"/health": health})
    connections = {
        "http": {"sergas": app.connection()}, "redis": {"sergas": redis.connection(key_patterns=["zoho:*"])},
    }  # fmt: skip
    async with sm.running(connections) as daemon:
        run = await daemon.alert(alertname="SergasCrmAuthenticationFailed", **alert)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert redis.admin.keys("*") == [b"session:1"]
    assert sm.machine.restarts == ["sergas-app.service"]
    assert report.index("command.run") < report.index("redis.delete_keys") < report.index("systemd.restart")


async def test_an_unknown_client_is_for_a_person(sm, alert, service, redis):
    sm.machine.journal("2026-01-05T00:00:00+0000 sergas app[1]: ERROR zoho: invalid_client")
    app = await service({"/health": {"zoho": "invalid client"}})
    connections = {"http": {"sergas": app.connection()}, "redis": {"sergas": redis.connection(key_patterns=["zoho:*"])}}
    async with sm.running(connections) as daemon:
        run = await daemon.alert(alertname="SergasCrmAuthenticationFailed", **alert)
        await daemon.ends(run, "escalated")
    assert sm.machine.lines("token") == ["expired"]
    assert sm.machine.restarts == []
