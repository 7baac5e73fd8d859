"""The kill switch in stages: users are told, everything stops. Between the stages it is paused, goes on after a restart,
or is given up; afterwards it is taken back stage by stage: first what ran, then what users read."""

import asyncio
from types import SimpleNamespace

import pytest
from aiohttp import web

ROWS = ("SA-10",)
BACKENDS = {"kubernetes": "fake", "prometheus": "fake", "http": "fake"}
ALERT = {"alertname": "SergasAgentsKillSwitch", "platform": "sergas-agents", "severity": "critical"}
KEPT = ("redis", "postgres")
RAN = {"api-server": 2, "worker": 5, "redis": 1, "postgres": 1}
STOPPED = {"api-server": 0, "worker": 0, "redis": 1, "postgres": 1}  # what holds data stays
NORMAL, TOLD = ({"enabled": False}, {"status": "operational"}), ({"enabled": True}, {"status": "maintenance"})


@pytest.fixture
def pages(agents):
    """The maintenance page and the status page; ``when_told`` is called as soon as the status page is written to."""
    page, status = {"enabled": False}, {"status": "operational"}
    found = SimpleNamespace(when_told=None)
    found.say = lambda: (page, status)

    async def switch(request):
        page.update(await request.json())
        return web.json_response(page)

    async def tell(request):
        status.update(await request.json())
        if found.when_told:
            await found.when_told()
        return web.json_response(status)

    agents.api.answers |= {"GET /maintenance": page, "PUT /maintenance": switch}
    agents.status.answers |= {"GET /status": status, "PUT /status": tell}
    world = agents.cluster.world
    world.workload("deployment", "worker", replicas=5)
    for name in KEPT:
        world.workload("statefulset", name, replicas=1)
    agents.prometheus.values["kube_deployment"] = lambda: float(sum(counts(agents).values()) - len(KEPT))
    return found


def counts(agents):
    world = agents.cluster.world
    return {
        item["metadata"]["name"]: item["spec"]["replicas"]
        for kind in ("deployments", "statefulsets")
        for item in world.of(kind, "shop")
    }


async def paused_between_the_stages(daemon, pages):
    """Pull the switch; a person pauses the run while it tells users. Return the run, which has stopped there."""
    run = await daemon.alert(**ALERT)

    async def pause():
        await daemon.api(f"runs/{run}/pause", {"who": "ben", "reason": "the backup first"})

    pages.when_told = pause
    await daemon.approve(run, reason="data is being corrupted")
    async with asyncio.timeout(10):
        while (await daemon.api(f"runs/{run}"))["held_by"] != "pause":
            await asyncio.sleep(0.02)
    pages.when_told = None
    return run


async def taken_back(daemon, run, **part):
    back = await daemon.api(f"runs/{run}/undo", {"who": "anna", "reason": "it is safe again", **part})
    return await daemon.ends(back["run"], "undone")


async def test_paused_then_on_after_a_restart_then_back_by_stages(agents, pages):
    async with agents.daemon() as daemon:
        run = await paused_between_the_stages(daemon, pages)
        assert (counts(agents), pages.say()) == (RAN, TOLD)
        shown = await daemon.report(run)
    for part in ("a person has paused it", "ben: the backup first", "runs resume", "--undo", "tell users: http.request"):
        assert part in shown
    async with agents.daemon() as daemon:
        assert (await daemon.api("runs?status=open"))[0]["paused_by"] == "ben: the backup first"
        assert counts(agents) == RAN
        await daemon.api(f"runs/{run}/resume", {"who": "ben", "reason": "it is made"})
        await daemon.ends(run, "succeeded")
        assert (counts(agents), pages.say()) == (STOPPED, TOLD)
        first = await taken_back(daemon, run, stage="stop")
        assert 'from the stage "stop" on' in first["reason"]
        assert (counts(agents), pages.say()) == (RAN, TOLD)
        await taken_back(daemon, run)
        assert (counts(agents), pages.say()) == (RAN, NORMAL)
        report = await daemon.report(run)
        said = [entry["what"] for entry in await daemon.api("audit")]
    assert "deployment/worker" in report
    assert report.count("taken back by run") == 3
    assert said[::-1] == ["approve", "pause run", "resume run", "undo", "undo"]


async def test_given_up_between_the_stages_it_leaves_no_trace(agents, pages):
    async with agents.daemon() as daemon:
        run = await paused_between_the_stages(daemon, pages)
        await daemon.api(f"runs/{run}/cancel", {"who": "anna", "reason": "it was a false alarm", "undo": True})
        await daemon.ends(run, "cancelled")
        (back,) = [one for one in await daemon.api("runs") if one["id"] != run]
        await daemon.ends(back["id"], "undone")
    assert (counts(agents), pages.say()) == (RAN, NORMAL)


async def test_a_page_that_is_down_keeps_nobody_from_stopping(agents, pages):
    agents.status.answers["GET /status"] = 503
    async with agents.daemon() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert (counts(agents), pages.say()) == (STOPPED, NORMAL)


async def test_nothing_stops_without_a_person(agents, pages):
    async with agents.daemon() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.refuse(run)
        await daemon.ends(run, "refused")
    assert (counts(agents), pages.say()) == (RAN, NORMAL)
    assert agents.writes() == []
