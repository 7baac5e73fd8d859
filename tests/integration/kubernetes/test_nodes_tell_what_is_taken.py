import pytest
from fakes.kubernetes_looks import node


@pytest.fixture
def nodes(actions, context):
    async def nodes(**values):
        return await actions["nodes"].perform(actions["nodes"].parameters(**values), context)

    return nodes


@pytest.fixture
def three(server):
    node(server.world, "well", cpu="4", memory="8Gi")
    node(server.world, "full", cpu="2", memory="8Gi", DiskPressure="True")
    node(server.world, "gone", Ready="Unknown")
    cordoned = node(server.world, "kept", cpu="2", memory="8Gi")
    cordoned["spec"] = {"unschedulable": True, "taints": [
        {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}, {"key": "team", "value": "db", "effect": "NoExecute"},
    ]}  # fmt: skip
    server.world.workload("deployment", "web", replicas=4)
    for pod, where in zip(server.world.of("pods", "shop"), ("well", "full", "full", None), strict=True):
        pod["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "900m", "memory": "1Gi"}}
        if where:
            pod["spec"]["nodeName"] = where


async def test_all_of_them(three, nodes):
    found = await nodes()
    assert (found.total, found.ready, found.not_ready, found.cordoned, found.under_pressure) == (4, 3, 1, 1, 1)
    assert found.counts == {"DiskPressure": 1}
    assert (found.cpu, found.memory) == (6.0, 16 * 2**30)
    assert found.cpu_requested == pytest.approx(2.7 / 6, abs=0.001)
    assert found.memory_requested == pytest.approx(3 / 16, abs=0.001)
    assert found.complete


async def test_the_worst_first(three, nodes):
    gone, full, kept, well = (await nodes()).worst
    assert (gone.name, gone.ready, gone.reason) == ("gone", False, "NodeStatusUnknown")
    assert (full.name, full.pressures, full.cpu_requested, full.pods_running) == ("full", ("DiskPressure",), 0.9, 2)
    assert (kept.name, kept.cordoned) == ("kept", True)
    assert kept.taints == ("node.kubernetes.io/unschedulable:NoSchedule", "team=db:NoExecute")
    assert (well.name, well.ready, well.reason, well.cpu_requested, well.pods) == ("well", True, "", 0.225, 110.0)
    assert len((await nodes(worst=1)).worst) == 1


async def test_one_node_and_its_pods(server, three, nodes):
    found = await nodes(name="full")
    (state,) = found.worst
    assert (state.name, state.pods_running, found.total) == ("full", 2, 1)
    (asked,) = server.of("GET", "/pods")
    assert asked.query["fieldSelector"].startswith("spec.nodeName=full,")


async def test_ended_pods_take_nothing(server, three, nodes):
    for pod in server.world.of("pods", "shop"):
        pod["status"]["phase"] = "Succeeded"
    assert (await nodes()).cpu_requested == 0.0


async def test_without_asking_for_pods(server, three, nodes):
    found = await nodes(requested=False, selector="kubernetes.io/hostname in (well,full)")
    assert (found.total, found.cpu_requested, found.worst[0].pods_running) == (2, None, None)
    assert not server.of("GET", "/pods")


async def test_init_containers_and_overhead_count(server, nodes):
    node(server.world, "node-1", cpu="4")
    server.world.workload("deployment", "web", replicas=1)
    (pod,) = server.world.of("pods", "shop")
    pod["spec"] |= {"nodeName": "node-1", "overhead": {"cpu": "250m"}, "initContainers": [
        {"name": "big", "resources": {"requests": {"cpu": "2"}}},
        {"name": "sidecar", "restartPolicy": "Always", "resources": {"requests": {"cpu": "500m"}}},
    ]}  # fmt: skip
    pod["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1"}}
    (state,) = (await nodes()).worst
    assert state.cpu_requested == 2.25 / 4
