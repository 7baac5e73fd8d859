"""Nobody would let pods come again to a node that a drain has cordoned and then "did not happen"."""

import pytest
from fakes.kubernetes_looks import node

from remediator.core.records import Outcome, Phase, StepPlan
from remediator.core.run import Job
from remediator.engine.perform import perform
from remediator.engine.work import Task
from remediator.errors import PermanentError, TemporaryError


@pytest.fixture
def drain(actions):
    return actions["drain"]


@pytest.fixture
async def intent(server, context, drain):
    """Return the intent of draining a node with three pods."""
    node(server.world, "n1")
    server.world.workload("deployment", "web", replicas=3)
    for pod in server.world.of("pods", "shop"):
        pod["spec"]["nodeName"] = "n1"
    return await drain.resolve(drain.parameters(node="n1", within="300ms"), context)


def cordoned(server):
    return bool(server.world.objects["nodes", "", "n1"]["spec"].get("unschedulable"))


def done_by_the_engine(drain, intent, context, phase=Phase.ACT):
    step = StepPlan("a", drain.name, {}, changes=True, timeout=30.0, attempts=1)
    task = Task(Job("0/act/0", phase, 0, step, "r"), drain, intent.parameters, "kubernetes/default", intent)
    return perform(task, context)


@pytest.mark.parametrize(("code", "error"), [(403, PermanentError), (500, TemporaryError), (429, TemporaryError)])
async def test_at_the_first_eviction(server, context, drain, intent, code, error):
    server.fail("create", "pods/eviction", status=code)
    with pytest.raises(error, match=f"eviction: {code}"):
        await drain.perform(intent.parameters, context)
    assert not cordoned(server)
    assert await drain.happened(intent, context) is False


@pytest.mark.parametrize(("code", "error"), [(403, PermanentError), (500, TemporaryError)])
async def test_when_it_looks_again_at_the_pods(server, context, drain, intent, code, error):
    server.fail("list", "pods", status=code, after=1, times=1)
    with pytest.raises(error, match=f"pods: {code}"):
        await drain.perform(intent.parameters, context)
    assert [seen.json for seen in server.of("PATCH")] == [{"spec": {"unschedulable": True}}, {"spec": {"unschedulable": None}}]
    assert not cordoned(server)


async def test_but_one_that_was_cordoned_before_stays_so(server, context, drain, intent):
    server.world.objects["nodes", "", "n1"]["spec"]["unschedulable"] = True
    server.fail("create", "pods/eviction", status=403)
    with pytest.raises(PermanentError, match="eviction: 403"):
        await drain.perform(intent.parameters, context)
    assert cordoned(server)
    assert not server.of("PATCH")


async def test_what_was_not_cordoned_is_not_given_back(server, context, drain, intent):
    server.fail("patch", "nodes", status=403)
    with pytest.raises(PermanentError, match="nodes/n1: 403"):
        await drain.perform(intent.parameters, context)
    assert len(server.of("PATCH")) == 1


async def test_a_moments_trouble_does_not_keep_it(server, context, drain, intent):
    server.fail("create", "pods/eviction", status=403)
    server.fail("patch", "nodes", status=500, after=1, times=1)
    with pytest.raises(PermanentError, match="eviction: 403"):
        await drain.perform(intent.parameters, context)
    assert not cordoned(server)


@pytest.mark.parametrize("how", ["refused", "lost"])
async def test_one_that_cannot_be_given_back_is_not_said_to_be_untouched(server, context, drain, intent, how):
    server.fail("create", "pods/eviction", status=403)
    if how == "refused":
        server.fail("patch", "nodes", status=403, after=1)
    else:
        server.drop("patch", "nodes", after=1)
    result = await done_by_the_engine(drain, intent, context)
    assert (result.outcome, result.maybe) == (Outcome.FAILED, True)
    assert "eviction: 403" in result.error
    assert "node n1 is still cordoned" in result.error
    assert cordoned(server)


@pytest.mark.parametrize("code", [403, 500])
async def test_after_an_eviction_it_is_half_done_and_can_be_undone(server, context, drain, intent, code):
    server.fail("create", "pods/eviction", status=code, after=1)
    result = await done_by_the_engine(drain, intent, context)
    assert (result.outcome, result.maybe) == (Outcome.FAILED, True)
    assert "node n1 is cordoned; 1 of 3 pods were evicted, then POST" in result.error
    assert f"eviction: {code}" in result.error
    assert cordoned(server)
    assert (await done_by_the_engine(drain, intent, context, Phase.UNDO)).outcome is Outcome.DONE
    assert not cordoned(server)
