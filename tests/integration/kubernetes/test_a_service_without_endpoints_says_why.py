import pytest
from fakes.kubernetes_looks import endpoint_slice, service


@pytest.fixture
def endpoints(actions, context):
    async def endpoints(**values):
        action = actions["endpoints"]
        return await action.perform(action.parameters(**{"name": "web", "namespace": "shop", **values}), context)

    return endpoints


def open_port(server, name="http"):
    for pod in server.world.of("pods", "shop"):
        pod["spec"]["containers"][0]["ports"] = [{"name": name, "containerPort": 8080}]


def break_pods(server, count):
    for pod in server.world.of("pods", "shop")[:count]:
        pod["status"]["conditions"] = [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}]


async def test_one_that_has_some(server, endpoints):
    server.world.workload("deployment", "web")
    open_port(server)
    service(server.world, "web")
    found = await endpoints()
    assert (found.holds, found.why, found.ready, found.not_ready) == (True, None, 2, 0)
    assert (found.pods, found.pods_ready, found.waiting) == (2, 2, ())
    assert [(port.name, port.port, port.target, port.ready) for port in found.ports] == [("http", 80, "http", 2)]
    assert (found.selector, found.type) == ({"app": "web"}, "ClusterIP")


async def test_labels_that_no_pod_has(server, endpoints):
    server.world.workload("deployment", "api")
    service(server.world, "web")
    found = await endpoints()
    assert (found.holds, found.why, found.ready) == (False, "no_pods_match", 0)
    assert "app=web" in found.reason
    assert "no pod" in found.reason


async def test_a_port_name_that_no_container_has(server, endpoints):
    server.world.workload("deployment", "web")
    open_port(server, "metrics")
    service(server.world, "web", target="http")
    found = await endpoints()
    assert (found.holds, found.why) == (False, "port_name_mismatch")
    assert (found.ready, found.ports[0].ready) == (2, 0)  # the pods are listed, without the port
    assert '"http"' in found.reason
    assert "metrics" in found.reason


async def test_pods_that_are_not_ready(server, endpoints):
    server.world.workload("deployment", "web")
    open_port(server)
    break_pods(server, 2)
    service(server.world, "web")
    found = await endpoints()
    assert (found.holds, found.why, found.ready, found.not_ready) == (False, "pods_not_ready", 0, 2)
    assert "none of the 2 pods" in found.reason
    assert found.waiting[0].name in found.reason
    assert "ContainersNotReady" in found.reason


async def test_too_few(server, endpoints):
    server.world.workload("deployment", "web", replicas=3)
    open_port(server)
    break_pods(server, 1)
    service(server.world, "web")
    assert (await endpoints(at_least=2)).holds
    found = await endpoints(at_least=3)
    assert (found.holds, found.why, found.ready) == (False, "too_few", 2)
    assert "only 2 of 3 pods" in found.reason


async def test_pods_that_the_slices_have_not_learnt_of(server, endpoints):
    server.world.workload("deployment", "web")
    open_port(server)
    made = service(server.world, "web")
    endpoint_slice(server.world, made)["endpoints"].clear()
    found = await endpoints()
    assert (found.holds, found.why, found.ready) == (False, "not_listed", 0)


@pytest.mark.parametrize(
    ("spec", "why"),
    [({"selector": None}, "no_selector"), ({"type": "ExternalName", "externalName": "db.example"}, "external_name")],
)
async def test_a_service_that_chooses_no_pods(server, endpoints, spec, why):
    server.world.workload("deployment", "web")
    service(server.world, "web", **spec)
    server.world.of("endpointslices", "shop")[0]["endpoints"].clear()
    assert (await endpoints()).why == why
    if why == "no_selector":
        assert not server.of("GET", "/pods")  # an empty selector would have chosen all


async def test_one_pod_in_several_slices_counts_once(server, endpoints):
    server.world.workload("deployment", "web")
    open_port(server)
    service(server.world, "web")
    (slice_,) = server.world.of("endpointslices", "shop")
    second = {**slice_["metadata"], "name": "web-x2"}
    server.world.put("endpointslices", {**slice_, "metadata": second, "addressType": "IPv6"})
    found = await endpoints()
    assert (found.ready, found.ports[0].ready) == (2, 2)
