"""A breaker that stays open though its dependency is back is reset; it must stay closed for a while."""

import pytest
from aiohttp import web

ROWS = ("SA-4",)
BACKENDS = {"http": "fake"}
ALERT = {"alertname": "SergasAgentsBreakerOpen", "platform": "sergas-agents", "breaker": "external_api"}


@pytest.fixture
def breaker(agents):
    """A breaker that closes when it is reset, and opens again at once while the dependency is down."""
    state = agents.api.answers["/breakers/external_api"]
    state |= {"state": "open", "failure_count": 7, "error_rate": 0.6, "time_until_retry": 31}

    async def reset(_request):
        if agents.dependency.answers["/health"] == 200:
            state.update(state="closed", failure_count=0, error_rate=0.0, time_until_retry=0)
        return web.json_response({})

    agents.api.answers["POST /breakers/external_api/reset"] = reset
    agents.api.answers["PUT /breakers/external_api/thresholds"] = 200
    agents.api.answers["PUT /fallbacks/external_api"] = 200
    return state


async def test_the_dependency_is_back(agents, breaker):
    async with agents.daemon() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert agents.api.changes() == [("POST", "/breakers/external_api/reset", "")]
    assert breaker["state"] == "closed"
    assert "time_until_retry" in report
    assert ", holding " in report


async def test_the_dependency_is_down(agents, breaker):
    agents.dependency.answers["/health"] = 503
    async with agents.daemon() as daemon:
        run = await daemon.alert(**ALERT)
        asked = await daemon.approve(run)
        assert "answer from the cache while the dependency is down" in asked["reason"]
        await daemon.ends(run, "escalated")
    assert [request[:2] for request in agents.api.changes()] == [
        ("PUT", "/fallbacks/external_api"),
        ("PUT", "/breakers/external_api/thresholds"),
    ]
    assert agents.api.changes()[1][2] == {"failure_threshold": 10, "recovery_timeout": 120, "half_open_max_calls": 5}


async def test_a_breaker_that_nobody_has_changes_nothing(agents, breaker):
    async with agents.daemon() as daemon:
        run = await daemon.alert(**ALERT | {"breaker": "another"})
        await daemon.ends(run, "escalated")
    assert agents.api.changes() == []
