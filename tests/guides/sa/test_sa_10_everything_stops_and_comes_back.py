"""The kill switch stops what runs and knows what ran; the maintenance page and the status page are told."""

import asyncio

from aiohttp import web

ROWS = ("SA-10",)
BACKENDS = {"kubernetes": "fake", "prometheus": "fake", "http": "fake"}


def counts(agents):
    world = agents.cluster.world
    return {
        item["metadata"]["name"]: item["spec"]["replicas"]
        for kind in ("deployments", "statefulsets")
        for item in world.of(kind, "shop")
    }


async def test_everything_stops_and_undo_brings_it_back(agents):
    agents.cluster.world.workload("deployment", "worker", replicas=5)
    agents.cluster.world.workload("statefulset", "redis", replicas=1)
    ran = counts(agents)
    agents.prometheus.values["kube_deployment"] = lambda: float(sum(counts(agents).values()) - 1)
    async with agents.daemon() as daemon:
        run = await daemon.alert(alertname="SergasAgentsKillSwitch", platform="sergas-agents", severity="critical")
        asked = await daemon.approve(run, reason="data is being corrupted")
        assert counts(agents) == ran or asked["status"] == "awaiting_approval"
        await daemon.ends(run, "succeeded")
        assert counts(agents) == {"api-server": 0, "worker": 0, "redis": 1}  # what holds data stays
        back = await daemon.api(f"runs/{run}/undo", {"who": "anna", "reason": "it is safe again"})
        async with asyncio.timeout(10):
            while counts(agents) != ran:
                await asyncio.sleep(0.02)
        assert back
        report = await daemon.report(run)
    assert "deployment/worker" in report
    assert ran == {"api-server": 2, "worker": 5, "redis": 1}


async def test_nothing_stops_without_a_person(agents):
    agents.prometheus.values["kube_deployment"] = 2.0
    async with agents.daemon() as daemon:
        run = await daemon.alert(alertname="SergasAgentsKillSwitch", platform="sergas-agents", severity="critical")
        await daemon.refuse(run)
        await daemon.ends(run, "refused")
    assert counts(agents) == {"api-server": 2}
    assert agents.writes() == []


async def test_users_are_told_and_told_again_when_it_is_over(agents):
    page, told = {"enabled": False}, agents.status.answers["/status"]

    async def switch(request):
        page.update(await request.json())
        return web.json_response(page)

    async def tell(request):
        told.update(await request.json())
        return web.json_response(told)

    agents.api.answers |= {"GET /maintenance": page, "PUT /maintenance": switch}
    agents.status.answers["PUT /status"] = tell
    async with agents.daemon() as daemon:
        run = await daemon.alert(alertname="SergasAgentsMaintenanceWanted", platform="sergas-agents")
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
        assert (page, told) == ({"enabled": True}, {"status": "maintenance"})
    async with agents.daemon() as daemon:
        run = await daemon.alert(alertname="SergasAgentsMaintenanceWanted", platform="sergas-agents", again="yes")
        await daemon.ends(run, "recovered_itself")
    async with agents.daemon(_at_once) as daemon:
        run = await daemon.alert(alertname="SergasAgentsMaintenanceOver", platform="sergas-agents")
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert (page, told) == ({"enabled": False}, {"status": "operational"})


def _at_once(document):
    for rule in document.get("rules", ()):
        rule.get("limits", {}).pop("cooldown", None)
    document["defaults"]["limits"].pop("cooldown")
