import copy

import pytest
from fakes.kubernetes_changes import budget, lone_pod
from fakes.kubernetes_looks import node

from remediator.errors import AmbiguousError, PermanentError


@pytest.fixture
def drain(actions):
    return actions["drain"]


@pytest.fixture
def n1(server):
    """A node with two pods of a deployment, and one of a daemonset."""
    world = server.world
    node(world, "n1")
    world.workload("deployment", "web", replicas=2)
    world.workload("daemonset", "agent")
    agents = [pod for pod in world.of("pods", "shop") if pod["metadata"]["labels"]["app"] == "agent"]
    for pod in [pod for pod in world.of("pods", "shop") if pod not in agents[1:]]:
        pod["spec"]["nodeName"] = "n1"
    return world.objects["nodes", "", "n1"]


def on_node(server, name="n1"):
    return [pod["metadata"]["name"] for pod in server.world.of("pods") if pod["spec"].get("nodeName") == name]


def cordoned(server):
    return server.world.objects["nodes", "", "n1"]["spec"].get("unschedulable")


async def test_its_pods_are_evicted_but_those_of_daemonsets(server, context, drain, n1):
    done = await drain.perform(drain.parameters(node="n1"), context)
    assert (done.evicted, done.left_alone, done.was_cordoned, done.changed) == (2, 1, False, True)
    (left,) = on_node(server)
    assert left.startswith("agent-")
    assert cordoned(server)
    assert [seen.method for seen in server.requests if seen.method != "GET"] == ["PATCH", "POST", "POST"]


async def test_again_there_is_nothing_to_do(server, context, drain, n1):
    await drain.perform(drain.parameters(node="n1"), context)
    again = await drain.perform(drain.parameters(node="n1"), context)
    assert (again.evicted, again.was_cordoned, again.changed) == (0, True, False)


@pytest.mark.parametrize(
    ("change", "why", "allowed"),
    [
        ({"spec": {"volumes": [{"name": "cache", "emptyDir": {}}]}}, "empty_dir: true", "empty_dir"),
        ({"metadata": {"ownerReferences": []}}, "unmanaged: true", "unmanaged"),
        ({"metadata": {"namespace": "kube-system"}}, "system: true", "system"),
    ],
)
async def test_what_would_be_lost_is_refused_before_anything_is_touched(server, context, drain, n1, change, why, allowed):
    name = next(name for name in on_node(server) if name.startswith("web"))
    pod = server.world.objects.pop(("pods", "shop", name))
    for key, values in change.items():
        pod[key] |= values
    server.world.put("pods", pod)
    before = copy.deepcopy(server.world.objects)
    for call in (drain.perform, drain.resolve, drain.preview):
        with pytest.raises(PermanentError, match=f"{name} .*{why}"):
            await call(drain.parameters(node="n1"), context)
    assert server.world.objects == before
    assert (await drain.perform(drain.parameters(node="n1", **{allowed: True}), context)).evicted == 2


async def test_finished_and_static_pods_stay(server, context, drain, n1):
    for name, meta in (("done", {}), ("static", {"annotations": {"kubernetes.io/config.mirror": "x"}})):
        pod = lone_pod(server.world, name, **meta)
        pod["spec"]["nodeName"] = "n1"
        pod["status"]["phase"] = "Succeeded" if name == "done" else "Running"
    done = await drain.perform(drain.parameters(node="n1"), context)
    assert (done.evicted, done.left_alone) == (2, 3)


async def test_what_a_budget_blocks_is_named_when_the_time_is_up(server, context, drain, n1):
    budget(server.world, "web", 1, app="web")
    intent = await drain.resolve(drain.parameters(node="n1", within="300ms"), context)
    with pytest.raises(AmbiguousError, match=r"1 of 2 pods were evicted; blocked by a PodDisruptionBudget: shop/web-"):
        await drain.perform(intent.parameters, context)
    assert cordoned(server)
    assert await drain.happened(intent, context) is None


async def test_pods_that_have_not_ended_are_waited_for(server, context, drain, n1):
    server.world.lingers = True
    with pytest.raises(AmbiguousError, match="2 of 2 pods were evicted; not ended yet: shop/web-"):
        await drain.perform(drain.parameters(node="n1", within="300ms"), context)


async def test_more_pods_than_may_go(server, context, drain, n1):
    with pytest.raises(PermanentError, match=r"2 pods to evict, more than max_pods \(1\)"):
        await drain.resolve(drain.parameters(node="n1", max_pods=1), context)


async def test_the_preview_names_them_and_touches_nothing(server, context, drain, n1):
    budget(server.world, "web", 0, app="web")
    before = copy.deepcopy(server.world.objects)
    shown = await drain.preview(drain.parameters(node="n1"), context)
    assert shown.splitlines()[0] == "node n1: would be cordoned; 1 pods would stay"
    assert shown.count("does not allow its eviction now") == 2
    assert server.world.objects == before


async def test_undo_lets_pods_come_again(server, context, drain, n1):
    intent = await drain.resolve(drain.parameters(node="n1"), context)
    await drain.perform(intent.parameters, context)
    assert (await drain.undo(intent, context)).changed
    assert not cordoned(server)


async def test_undo_leaves_a_node_that_was_cordoned_before(server, context, actions, n1):
    cordon = actions["cordon"]
    n1["spec"]["unschedulable"] = True
    intent = await cordon.resolve(cordon.parameters(node="n1"), context)
    assert not (await cordon.perform(intent.parameters, context)).changed
    assert not (await cordon.undo(intent, context)).changed
    assert cordoned(server)


async def test_undo_refuses_another_node_of_that_name(server, context, actions, n1):
    cordon = actions["cordon"]
    intent = await cordon.resolve(cordon.parameters(node="n1"), context)
    await cordon.perform(intent.parameters, context)
    server.world.objects["nodes", "", "n1"]["metadata"]["uid"] = "another"
    with pytest.raises(PermanentError, match="node n1 is another one now"):
        await cordon.undo(intent, context)


@pytest.mark.parametrize(("name", "was"), [("cordon", False), ("uncordon", True)])
async def test_cordon_and_uncordon_say_whether_they_happened(server, context, actions, n1, name, was):
    action = actions[name]
    n1["spec"]["unschedulable"] = was
    intent = await action.resolve(action.parameters(node="n1"), context)
    assert await action.happened(intent, context) is False
    assert "unschedulable" in await action.preview(intent.parameters, context)
    assert (await action.perform(intent.parameters, context)).cordoned is not was
    assert await action.happened(intent, context) is True
    assert await action.preview(intent.parameters, context) == "node n1: nothing would change"
    assert (await action.undo(intent, context)).cordoned is was
