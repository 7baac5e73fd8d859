import pytest
from fakes.kubernetes_api import FakeKubernetes


@pytest.fixture
def pods(actions, context):
    async def pods(at=None, **values):
        action = actions["pods"]
        return await action.perform(action.parameters(**values), at or context)

    return pods


def hurt(pod, *, waiting="", oom=False, code=1, restarts=0, phase="Running", ready=False):
    (container,) = pod["status"]["containerStatuses"]
    pod["status"]["phase"] = phase
    pod["status"]["conditions"] = [{"type": "Ready", "status": str(ready)}]
    container["restartCount"] = restarts
    if waiting:
        container["state"] = {"waiting": {"reason": waiting, "message": "as the kubelet says"}}
    if restarts:
        reason = "OOMKilled" if oom else "Error"
        container["lastState"] = {
            "terminated": {"reason": reason, "exitCode": code, "finishedAt": "2025-06-01T11:59:00Z"}
        }


@pytest.fixture
def four(server):
    """Four pods: one in a crash loop, one that was killed for its memory, one evicted, one well."""
    server.world.workload("deployment", "web", replicas=4)
    found = server.world.of("pods", "shop")
    hurt(found[0], waiting="CrashLoopBackOff", restarts=7, code=2)
    hurt(found[1], oom=True, code=137, restarts=3, ready=True)
    found[2]["status"] |= {"phase": "Failed", "reason": "Evicted", "message": "low on memory", "conditions": []}
    for index, pod in enumerate(found):
        pod["spec"]["nodeName"] = f"node-{index}"
    return [pod["metadata"]["name"] for pod in found]


async def test_of_a_workload(four, pods, web):
    found = await pods(**web)
    assert (found.total, found.running, found.ready, found.not_running, found.not_ready) == (4, 3, 2, 1, 2)
    assert (found.oom_killed, found.restarts, found.most_restarts) == (1, 10, 7)
    assert found.counts == {"CrashLoopBackOff": 1, "Evicted": 1}
    assert found.nodes == {"node-0": 1, "node-2": 1}
    assert sum(found.revisions.values()) == 4
    assert found.complete


async def test_the_worst_come_first_and_are_bounded(four, pods, web):
    found = await pods(**web)
    assert [pod.name for pod in found.worst] == [four[0], four[2], four[1]]
    crashing, evicted, killed = found.worst
    assert (crashing.reason, crashing.restarts, crashing.last_reason, crashing.last_exit_code) == (
        "CrashLoopBackOff", 7, "Error", 2,
    )  # fmt: skip
    assert (evicted.phase, evicted.reason, evicted.message) == ("Failed", "Evicted", "low on memory")
    assert (killed.ready, killed.reason, killed.oom_killed, killed.last_exit_code) == (True, "", True, 137)
    assert killed.last_ended_at == "2025-06-01T11:59:00Z"
    assert (killed.node, killed.namespace, killed.age) == ("node-1", "shop", 0.0)
    assert killed.revision
    assert [pod.name for pod in (await pods(**web, worst=1)).worst] == [four[0]]


async def test_completed_pods_are_no_trouble(server, pods):
    server.world.workload("deployment", "web", replicas=1)
    server.world.of("pods", "shop")[0]["status"] |= {"phase": "Succeeded", "conditions": []}
    found = await pods(namespace="shop")
    assert (found.not_running, found.not_ready, found.worst) == (0, 0, ())


async def test_of_a_selector_a_namespace_and_all(server, pods):
    server.world.workload("deployment", "web")
    server.world.workload("deployment", "api", replicas=3)
    server.world.workload("deployment", "web", namespace="other")
    assert (await pods(namespace="shop", selector="app=web")).total == 2
    assert (await pods(namespace="shop", selector="app in (web,api)")).total == 5
    assert (await pods(namespace="shop")).total == 5
    assert (await pods(all_namespaces=True)).total == 7
    name = server.world.of("pods", "shop")[0]["metadata"]["name"]
    assert (await pods(kind="pod", name=name, namespace="shop")).total == 1


async def test_page_by_page(connect, pods):
    async with FakeKubernetes(page=2) as server:
        server.world.workload("deployment", "web", replicas=5)
        for number, pod in enumerate(server.world.of("pods", "shop")):
            hurt(pod, waiting="CrashLoopBackOff", restarts=number + 1)
        found = await pods(connect(server), namespace="shop", worst=2)
        assert (found.total, found.complete) == (5, True)
        assert [pod.restarts for pod in found.worst] == [5, 4]
        assert len(server.of("GET", "/pods")) == 3


async def test_more_than_can_be_read(connect, pods):
    async with FakeKubernetes(page=1) as server:
        server.world.workload("deployment", "web", replicas=22)
        found = await pods(connect(server), namespace="shop")
        assert (found.total, found.complete) == (20, False)


@pytest.mark.parametrize(
    "values",
    [
        {}, {"namespace": "shop", "all_namespaces": True}, {"namespace": "shop", "name": "web"},
        {"namespace": "shop", "kind": "deployment"}, {"all_namespaces": True, "kind": "deployment", "name": "web"},
        {"namespace": "shop", "kind": "deployment", "name": "web", "selector": "app=web"},
        {"namespace": "shop", "selector": ""}, {"namespace": "shop", "selector": "app=web&limit=1"},
        {"namespace": "a/b"},
    ],
)  # fmt: skip
def test_one_choice_only(actions, values):
    with pytest.raises(ValueError, match="validation error"):
        actions["pods"].parameters(**values)
