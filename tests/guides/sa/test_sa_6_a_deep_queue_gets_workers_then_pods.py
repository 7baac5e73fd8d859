"""All workers are busy: there are more of them; there are as many as may be: there are more pods."""

import pytest
from aiohttp import web

ROWS = ("SA-6",)
BACKENDS = {"http": "fake", "postgres": "real", "kubernetes": "fake"}
ALERT = {"alertname": "SergasAgentsQueueDeep", "platform": "sergas-agents", "queue": "requests"}


@pytest.fixture
def queue(agents):
    """A queue whose workers are all busy; more of them empty it, and so do more pods."""
    state = {
        "queue_size": 340, "max_size": 1000, "utilization_percent": 34, "active_workers": 10, "max_workers": 10,
        "processed_count": 90, "failed_count": 1, "timeout_count": 4,
    }  # fmt: skip

    async def tell(_request):
        if agents.workload["spec"]["replicas"] > 2:
            state["queue_size"] = 20
        return web.json_response(state)

    async def workers(request):
        state.update(max_workers=(await request.json())["count"], active_workers=30, queue_size=12)
        return web.json_response({})

    agents.api.answers |= {"GET /queues/requests": tell, "PUT /queues/requests/workers": workers}
    return state


async def test_more_workers(agents, queue):
    async with agents.daemon() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert agents.api.changes() == [("PUT", "/queues/requests/workers", {"count": 50})]
    assert queue["max_workers"] == 50
    assert "timeout_count" in report
    assert agents.writes() == []


async def test_more_pods(agents, queue):
    queue.update(active_workers=50, max_workers=50)
    async with agents.daemon(params={"connections_per_replica": 2}) as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "succeeded")
    assert agents.workload["spec"]["replicas"] == 3
    assert agents.api.changes() == []


async def test_callers_are_slowed_down_once_somebody_agrees(agents, queue):
    queue.update(active_workers=2, queue_size=950, utilization_percent=95)

    async def slow_down(_request):
        queue["queue_size"] = 40
        return web.json_response({})

    agents.api.answers |= {"PUT /queues/requests/backpressure": slow_down, "PUT /queues/requests/size": 200}
    async with agents.daemon() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert agents.api.changes() == [
        ("PUT", "/queues/requests/backpressure", {"enabled": True, "threshold": 0.8}),
        ("PUT", "/queues/requests/size", {"max_size": 5000}),
    ]
