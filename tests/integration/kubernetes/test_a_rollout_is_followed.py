import asyncio

import pytest
from fakes.kubernetes_api import FakeKubernetes

from remediator.errors import PermanentError, TemporaryError


@pytest.fixture
async def slow(connect):
    """Give a server whose rollouts go on by a stage with every look, and a context for it."""
    async with FakeKubernetes("stepwise") as server:
        server.world.workload("deployment", "web", replicas=4)
        yield server, connect(server)


async def test_every_look_is_one_sample(slow, restart, status, web):
    _, context = slow
    p = status.parameters(**web)
    assert (await status.perform(p, context)).holds
    await restart.perform(restart.parameters(**web), context)
    seen = [await status.perform(p, context) for _ in range(5)]
    assert [sample.holds for sample in seen] == [False, False, False, False, True]
    reasons = [sample.reason.removeprefix("deployment shop/web: ") for sample in seen]
    assert reasons == [
        "its controller has not observed the newest specification",
        "0 of 4 new replicas are updated",
        "2 of 4 new replicas are updated",
        "1 old replicas are pending termination",
        "all 4 replicas are updated and available",
    ]
    assert (seen[0].generation, seen[0].observed_generation) == (2, 1)


async def test_waiting_ends_when_it_is_complete(slow, restart, status, web):
    server, context = slow
    await restart.perform(restart.parameters(**web), context)
    for _ in range(3):
        server.world.step("deployments", "shop", "web")
    done = await status.perform(status.parameters(**web, wait="1m"), context)
    assert done.holds
    assert done.updated == done.available == 4


async def test_waiting_ends_when_the_time_is_up(slow, restart, status, web):
    server, context = slow
    server.world.controllers = "manual"
    await restart.perform(restart.parameters(**web), context)
    loop = asyncio.get_running_loop()
    began = loop.time()
    done = await status.perform(status.parameters(**web, wait="300ms"), context)
    assert not done.holds
    assert not done.failed
    assert 0.25 < loop.time() - began < 2


async def test_waiting_ends_when_the_rollout_has_failed(slow, restart, status, web):
    server, context = slow
    await restart.perform(restart.parameters(**web), context)
    server.world.stall("deployments", "shop", "web")
    async with asyncio.timeout(2):
        done = await status.perform(status.parameters(**web, wait="1h"), context)
    assert done.failed
    assert not done.holds
    assert "progress deadline" in done.reason


async def test_one_bad_look_does_not_end_the_waiting(slow, status, web):
    server, context = slow
    server.fail("get", "deployments", status=503, times=1)
    assert (await status.perform(status.parameters(**web, wait="10s"), context)).holds


async def test_a_last_look_that_fails_is_an_error(slow, status, web):
    server, context = slow
    server.fail("get", "deployments", status=503)
    with pytest.raises(TemporaryError):
        await status.perform(status.parameters(**web, wait="200ms"), context)


async def test_a_workload_that_is_not_there_ends_the_waiting(slow, status):
    _, context = slow
    p = status.parameters(kind="deployment", name="other", namespace="shop", wait="1h")
    with pytest.raises(PermanentError, match=r'deployments\.apps "other" not found'):
        await status.perform(p, context)


async def test_it_can_stand_under_verify(status):
    assert status.checks
    assert not status.changes
