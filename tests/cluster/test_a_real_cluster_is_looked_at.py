import asyncio
import time

import pytest
from msgspec.structs import replace

from remediator.actions.kubernetes import Connection
from remediator.actions.kubernetes.refusals import AbsentError
from remediator.errors import ActionError, PermanentError, TemporaryError

pytestmark = pytest.mark.cluster

WEB = {"kind": "deployment", "name": "web"}
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}


async def create(place, path, body):
    return await place.api.request("POST", path.format(place.namespace), body=body)


async def look(place, verb, at=None, **values):
    """Perform an action with these parameters and no others."""
    action = place.action(verb)
    return await action.perform(action.parameters(**values), at or place.context)


async def change_image(place, kind, image):
    template = {"spec": {"containers": [{"name": "app", "image": image}]}}
    path = f"/apis/apps/v1/namespaces/{place.namespace}/{kind}s/web"
    await place.api.patch(path, {"spec": {"template": template}}, "application/strategic-merge-patch+json")
    assert (await place.settled(kind)).holds


@pytest.mark.parametrize("kind", ["deployment", "statefulset"])
async def test_an_alert_after_a_rollout_began_with_it(place, kind):
    await place.workload(kind)
    await change_image(place, kind, "registry.k8s.io/pause:3.10")
    now = time.time_ns() // 1000
    late, early = (replace(place.context, now=now, starts_at=now + s * 1_000_000) for s in (60, -86_400))
    names = {"kind": kind, "name": "web", "namespace": place.namespace}
    found = await look(place, "rollout_history", late, **names)
    assert found.total == 2
    assert (found.newest_images, found.images_changed) == (("registry.k8s.io/pause:3.10",), True)
    assert (found.began_with_rollout, found.newest_at_exact) == (True, True)
    assert found.newest_revision > found.previous_revision
    assert (await look(place, "rollout_history", early, **names)).began_with_rollout is False


async def test_a_rollback_does_not_pass_for_the_old_rollout(place):
    await place.workload("deployment")
    await change_image(place, "deployment", "registry.k8s.io/pause:3.10")
    await change_image(place, "deployment", "registry.k8s.io/pause:3.9")
    found = await place.perform("rollout_history", **WEB)
    assert (found.newest_revision, found.newest_images) == (3, ("registry.k8s.io/pause:3.9",))
    assert not found.newest_at_exact


async def test_pods(place):
    await place.workload("deployment", replicas=3)
    found = await place.until(lambda: place.perform("pods", **WEB), lambda found: found.ready == 3)
    assert (found.total, found.ready, found.not_ready, found.worst, found.complete) == (3, 3, 0, (), True)
    assert list(found.revisions.values()) == [3]
    assert (await place.perform("pods", selector="app=web")).total == 3
    assert (await look(place, "pods", all_namespaces=True, selector="app=web")).total >= 3
    with pytest.raises(PermanentError, match="404"):
        await place.perform("pods", kind="pod", name="nope")


async def test_pods_that_no_node_can_take(place):
    labels = {"app": "web"}
    wants = {"requests": {"cpu": "100000"}}
    container = {"name": "app", "image": "registry.k8s.io/pause:3.9", "resources": wants}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    await place.create(
        "deployment",
        {"metadata": {"name": "web"}, "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}},
    )
    found = await place.until(lambda: place.perform("pods", **WEB), lambda found: found.not_running == 1)
    if not found.not_running:
        pytest.skip("this cluster's scheduler takes every pod")
    assert (found.not_running, found.not_ready) == (1, 1)
    assert found.worst[0].phase == "Pending"


async def test_nodes(place):
    found = await look(place, "nodes")
    if not found.total:
        pytest.skip("this cluster has no nodes")
    assert found.ready + found.not_ready == found.total
    assert found.cpu > 0
    assert found.cpu_requested is not None
    name = found.worst[0].name
    assert [state.name for state in (await look(place, "nodes", name=name)).worst] == [name]


async def test_usage(place):
    await place.workload("deployment")
    found = await place.perform("top", **WEB, nodes=True)
    assert found.pods == 2
    if not found.available:
        assert "metrics.k8s.io" in found.reason
        pytest.skip("this cluster serves no metrics API")
    assert found.measured <= 2


async def test_endpoints(place):
    await place.workload("deployment")
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    path = "/api/v1/namespaces/{}/services"
    await create(place, path, {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": ports}})
    await create(place, path, {"metadata": {"name": "api"}, "spec": {"selector": {"app": "api"}, "ports": ports}})
    missing = await place.perform("endpoints", name="api")
    assert (missing.holds, missing.why) == (False, "no_pods_match")
    found = await place.until(lambda: place.perform("endpoints", name="web"), lambda found: found.holds)
    assert (found.pods, found.selector) == (2, {"app": "web"})
    if found.why == "not_listed":
        pytest.skip("this cluster runs no EndpointSlice controller")
    assert (found.holds, found.why, found.ready) == (True, None, 2), found.reason


async def test_network_policies(place):
    await place.workload("deployment")
    path = "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies"
    spec = {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"ports": [{"port": 8080}]}]}
    await create(place, path, {"metadata": {"name": "web"}, "spec": spec})
    other = {"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress", "Egress"]}
    await create(place, path, {"metadata": {"name": "db"}, "spec": other})
    found = await place.perform("network_policies", **WEB)
    assert (found.total, found.in_namespace) == (1, 2)
    assert (found.ingress_isolated, found.egress_isolated, found.ingress_denied) == (True, False, False)
    assert found.policies[0].ingress == ("from anywhere on TCP/8080",)


async def test_an_autoscaler(place):
    await place.workload("deployment")
    assert not (await place.perform("hpa", **WEB)).exists
    spec = {"scaleTargetRef": TARGET, "minReplicas": 2, "maxReplicas": 5}
    await place.create("autoscaler", {"metadata": {"name": "web-hpa"}, "spec": spec})
    found = await place.perform("hpa", **WEB)
    assert (found.exists, found.name, found.min, found.max, found.at_max) == (True, "web-hpa", 2, 5, False)
    assert found.metrics[0].name == "cpu"


async def test_a_certificate_that_is_not_there(place):
    assert not (await place.perform("certificate", name="web")).exists


async def test_what_is_not_served_is_told_from_what_is_not_there(place):
    with pytest.raises(AbsentError) as raised:
        await place.api.get(f"/apis/nobody.example/v1/namespaces/{place.namespace}/things/web")
    assert not raised.value.served
    with pytest.raises(AbsentError) as raised:
        await place.api.get(f"/apis/apps/v1/namespaces/{place.namespace}/deployments/nope")
    assert raised.value.served


async def test_pods_older_than_a_secret(place):
    await place.workload("deployment")
    path = "/api/v1/namespaces/{}/secrets"
    assert not (await place.perform("secret_age", **WEB, secret="db")).exists
    await asyncio.sleep(1.1)  # times are whole seconds
    await create(place, path, {"metadata": {"name": "db"}, "stringData": {"password": "hunter2"}})
    found = await place.perform("secret_age", **WEB, secret="db")
    assert found.exists
    assert found.changed_at
    assert "hunter2" not in found.model_dump_json()
    whole = await place.api.get(
        f"{path.format(place.namespace)}/db", accept="application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    )
    assert "data" not in whole
    if not found.stale_pods and found.pods == 2:
        pytest.skip("this cluster's kubelets do not say when containers started")
    assert found.stale == 2


async def test_a_config_map(place):
    assert not (await place.perform("config_map", name="web")).present
    await create(place, "/api/v1/namespaces/{}/configmaps", {"metadata": {"name": "web"}, "data": {"A": "1"}})
    found = await place.perform("config_map", name="web", keys=["A", "B"])
    assert (found.present, found.keys, found.missing) == (True, ("A",), ("B",))


async def test_logs_of_a_selector(place):
    await place.workload("deployment", replicas=1)
    try:
        found = await place.perform("logs", selector="app=web", all_containers=True)
    except (PermanentError, TemporaryError) as error:
        pytest.skip(f"this cluster's kubelets have no logs: {error}")
    assert found.pods


async def test_a_command_in_a_container(place):
    await place.workload("deployment", replicas=1)
    named = dict(place.context.connections["kubernetes"])
    entry = {"argv": ["/pause", "-v"], "read_only": True, "time_limit": "10s"}
    named["default"] = Connection(kubeconfig=named["default"].kubeconfig, exec={"version": entry})
    context = replace(place.context, connections={"kubernetes": named})
    with pytest.raises(PermanentError, match="no command"):
        await look(place, "exec", context, command="nope", namespace=place.namespace, **WEB)
    try:
        found = await look(place, "exec", context, command="version", namespace=place.namespace, **WEB)
    except ActionError as error:
        pytest.skip(f"this cluster's kubelets run no commands: {error}")
    assert found.holds
