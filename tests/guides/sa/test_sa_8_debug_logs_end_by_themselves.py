"""Debug logs are switched on when somebody agrees, and off again without anybody."""

import asyncio

from aiohttp import web

ROWS = ("SA-8",)
BACKENDS = {"kubernetes": "fake", "http": "fake"}


def _for_a_moment(document):
    document["guides"]["sergas-agents-debug"]["remedies"][0]["for"] = "500ms"


async def test_the_level_comes_back(agents):
    async def level(_request):
        return web.json_response({"level": agents.env.get("LOG_LEVEL", "INFO")})

    agents.api.answers["/log-level"] = level
    async with agents.daemon(_for_a_moment) as daemon:
        run = await daemon.alert(alertname="SergasAgentsDebugWanted", platform="sergas-agents")
        asked = await daemon.approve(run, reason="looking for a lost order")
        assert "secrets may be logged" in asked["reason"]
        assert agents.env == {}
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
        async with asyncio.timeout(10):
            while agents.env:
                await asyncio.sleep(0.02)
            while not (back := [one for one in await daemon.api("runs") if one["status"] == "undone"]):
                await asyncio.sleep(0.02)
        assert "took back" in await daemon.report(back[0]["id"])
    assert "DEBUG" in report
    assert "looking for a lost order" in report
