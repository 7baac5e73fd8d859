import pytest
from fakes.kubernetes_looks import measure, node

MI = 1024 * 1024


@pytest.fixture
def top(actions, context):
    async def top(**values):
        return await actions["top"].perform(actions["top"].parameters(**values), context)

    return top


@pytest.fixture
def limited(server):
    """Make a deployment of two pods of 200m and 128Mi at most, on one node."""
    node(server.world, "node-1", cpu="4", memory="8Gi")
    node(server.world, "node-2")
    server.world.workload("deployment", "web")
    for pod in server.world.of("pods", "shop"):
        pod["spec"]["nodeName"] = "node-1"
        pod["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "200m", "memory": "128Mi"}}


async def test_of_a_workload(server, limited, top, web):
    measure(server.world, cpu="150m", memory="96Mi")
    found = await top(**web)
    assert (found.available, found.reason, found.pods, found.measured) == (True, "", 2, 2)
    assert (found.cpu, found.memory) == (0.3, 192 * MI)
    assert (found.cpu_of_limits, found.memory_of_limits) == (0.75, 0.75)
    assert {pod.memory_of_limit for pod in found.top} == {0.75}
    assert found.nodes == ()


async def test_nearest_its_limit_first(server, limited, top, web):
    measure(server.world)
    _, second = server.world.of("podmetrics", "shop")
    second["containers"][0]["usage"] = {"cpu": "1", "memory": "120Mi"}
    found = await top(**web, most=1)
    (pod,) = found.top
    assert pod.name == second["metadata"]["name"]
    assert (pod.cpu_of_limit, pod.memory_of_limit) == (5.0, 0.9375)
    assert (found.highest_cpu_of_limit, found.highest_memory_of_limit) == (5.0, 0.9375)


async def test_of_several_containers_the_nearest_to_its_own_limit(server, limited, top, web):
    pod = server.world.of("pods", "shop")[0]
    pod["spec"]["containers"].append({"name": "sidecar", "image": "x", "resources": {"limits": {"memory": "64Mi"}}})
    measure(server.world, cpu="10m", memory="64Mi")
    (row,) = [row for row in (await top(**web)).top if row.name == pod["metadata"]["name"]]
    assert (row.memory, row.memory_of_limit, row.cpu_of_limit) == (128 * MI, 1.0, 0.05)


async def test_the_nodes_too(server, limited, top, web):
    measure(server.world)
    (found,) = (await top(**web, nodes=True)).nodes
    assert (found.name, found.cpu, found.cpu_share, found.memory_share) == ("node-1", 1.0, 0.25, 0.25)


async def test_no_metrics_api_is_a_finding(server, limited, top, web):
    server.absent = {"metrics.k8s.io"}
    found = await top(**web, nodes=True)
    assert (found.available, found.cpu, found.memory_of_limits, found.top, found.nodes) == (False, None, None, (), ())
    assert "metrics.k8s.io" in found.reason
    assert found.pods == 2


async def test_a_pod_that_was_not_measured_yet(server, limited, top, web):
    name = server.world.of("pods", "shop")[0]["metadata"]["name"]
    found = await top(kind="pod", name=name, namespace="shop")
    assert (found.available, found.pods, found.measured, found.cpu) == (True, 1, 0, None)


async def test_without_limits_there_is_no_share(server, top, web):
    server.world.workload("deployment", "web")
    measure(server.world)
    found = await top(**web)
    assert (found.cpu, found.cpu_of_limits, found.highest_memory_of_limit) == (0.2, None, None)
    assert found.top[0].memory_of_limit is None
