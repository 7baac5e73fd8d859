"""What is refused after a part of it was done: "it did not happen" would be wrong, and no cooldown would count."""

import pytest

from remediator.core.records import Outcome, Phase, StepPlan
from remediator.core.run import Job
from remediator.engine.perform import perform
from remediator.engine.work import Task
from remediator.errors import AmbiguousError, TemporaryError

PATCHED = [("scale_all", "deployments/scale", {"replicas": 0}), ("restart_all", "deployments", {})]


@pytest.fixture
def delete(actions):
    return actions["delete_pod"]


@pytest.fixture
async def three(server, context, delete):
    """Return the intent of deleting three pods."""
    server.world.workload("statefulset", "web", replicas=3)
    return await delete.resolve(delete.parameters(namespace="shop", labels={"app": "web"}, count=3), context)


@pytest.fixture
def shop(server):
    for name in ("api", "web", "worker"):
        server.world.workload("deployment", name)
    return server.world


def done_by_the_engine(action, intent, context, attempts=2):
    step = StepPlan("a", action.name, {}, changes=True, timeout=30.0, attempts=attempts)
    p = intent.parameters
    return perform(Task(Job("0/act/0", Phase.ACT, 0, step, "r"), action, p, action.backend(p), intent), context)


async def test_of_pods_that_are_deleted(server, context, delete, three):
    server.fail("create", "pods/eviction", status=403, after=2)
    with pytest.raises(AmbiguousError, match=r"2 of 3 pods were evicted, then POST .*/web-2/eviction: 403"):
        await delete.perform(three.parameters, context)


async def test_of_pods_that_are_deleted_by_a_server_in_trouble(server, context, delete, three):
    server.fail("create", "pods/eviction", status=500, after=2)
    result = await done_by_the_engine(delete, three, context)
    assert (result.outcome, result.maybe) == (Outcome.FAILED, True)
    assert "2 of 3 pods were evicted, then POST" in result.error
    assert result.error.endswith("it may have happened")


@pytest.mark.parametrize("code", [401, 429, 500, 503])
async def test_but_a_moments_trouble_is_waited_for(server, context, delete, three, code):
    server.fail("create", "pods/eviction", status=code, after=2, times=2)
    done = await delete.perform(three.parameters, context)
    assert (done.evicted, done.gone) == (3, 0)
    assert len(server.of("POST")) == 5


async def test_before_the_first_pod_the_engine_tries_again(server, context, delete, three):
    server.fail("create", "pods/eviction", status=500, times=1)
    result = await done_by_the_engine(delete, three, context)
    assert (result.outcome, result.attempt) == (Outcome.DONE, 2)


@pytest.mark.parametrize(("name", "resource", "values"), PATCHED)
@pytest.mark.parametrize("code", [401, 403, 409, 429, 500, 503])
async def test_of_a_namespace(server, context, actions, shop, name, resource, values, code):
    action = actions[name]
    intent = await action.resolve(action.parameters(namespace="shop", wait="300ms", **values), context)
    server.fail("patch", resource, status=code, after=1)
    result = await done_by_the_engine(action, intent, context)
    assert (result.outcome, result.maybe, result.attempt) == (Outcome.FAILED, True, 1)
    assert f": {code} " in result.error
    assert "1 of 3 workloads are done; it may have happened" in result.error


@pytest.mark.parametrize("name", ["scale_all", "restart_all"])
async def test_of_a_namespace_whose_server_is_lost(server, context, actions, shop, name):
    action = actions[name]
    values = {"replicas": 0} if name == "scale_all" else {}
    intent = await action.resolve(action.parameters(namespace="shop", wait="300ms", **values), context)
    server.drop("get", "deployments/scale" if name == "scale_all" else "deployments", after=1)
    result = await done_by_the_engine(action, intent, context)
    assert (result.outcome, result.maybe, result.transport) == (Outcome.FAILED, True, True)
    assert "asking whether it happened failed" in result.error


@pytest.mark.parametrize(("name", "resource", "values"), PATCHED)
async def test_but_a_moments_trouble_within_a_namespace_is_waited_for(server, context, actions, shop, name, resource, values):
    action = actions[name]
    intent = await action.resolve(action.parameters(namespace="shop", **values), context)
    server.fail("patch", resource, status=429, after=1, times=2)
    assert (await action.perform(intent.parameters, context)).changed == 3


@pytest.mark.parametrize(("name", "resource", "values"), PATCHED)
async def test_before_the_first_workload_it_is_a_clean_failure(server, context, actions, shop, name, resource, values):
    action = actions[name]
    intent = await action.resolve(action.parameters(namespace="shop", **values), context)
    server.fail("patch", resource, status=500, times=1)
    with pytest.raises(TemporaryError, match="500"):
        await action.perform(intent.parameters, context)
    assert await action.happened(intent, context) is False
