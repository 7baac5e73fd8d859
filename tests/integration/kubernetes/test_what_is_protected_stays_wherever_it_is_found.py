import copy

import pytest
from fakes.kubernetes_changes import lone_pod
from fakes.kubernetes_looks import node
from msgspec.structs import replace

from remediator.errors import PermanentError


def guarded(context, *protected):
    return replace(context, protected=protected)


@pytest.mark.parametrize(
    "pattern",
    ["kubernetes/*/shop", "kubernetes/*/shop/**", "kubernetes/default/shop/pod/web-*", "kubernetes/*/*/deployment/web"],
)
async def test_on_a_node_that_is_drained(server, context, actions, pattern):
    node(server.world, "n1")
    server.world.workload("deployment", "web", replicas=1)
    (pod,) = server.world.of("pods", "shop")
    pod["spec"]["nodeName"] = "n1"
    pod["metadata"]["labels"]["pod-template-hash"] = pod["metadata"]["ownerReferences"][0]["name"].removeprefix("web-")
    before = copy.deepcopy(server.world.objects)
    drain = actions["drain"]
    p = drain.parameters(node="n1", system=True, unmanaged=True)
    for call in (drain.resolve, drain.preview, drain.perform):
        with pytest.raises(PermanentError, match=r"shop/web-.* \(protected by kubernetes/.*; see allow\.protected"):
            await call(p, guarded(context, pattern))
    assert server.world.objects == before
    other = guarded(context, "kubernetes/*/kube-system/**", "kubernetes/other/shop/**", "kubernetes/*/shop/deployment/api")
    assert (await drain.perform(p, other)).evicted == 1


async def test_of_the_cluster_itself_even_where_the_guide_takes_system_pods(server, context, actions):
    node(server.world, "n1")
    pod = lone_pod(server.world, "dns")
    pod["spec"]["nodeName"] = "n1"
    server.world.objects.pop(("pods", "shop", "dns"))
    server.world.put("pods", {**pod, "metadata": {**pod["metadata"], "namespace": "kube-system"}})
    drain = actions["drain"]
    p = drain.parameters(node="n1", system=True, unmanaged=True)
    with pytest.raises(PermanentError, match="kube-system/dns"):
        await drain.resolve(p, guarded(context, "kubernetes/*/kube-system", "kubernetes/*/kube-system/**"))


async def test_among_pods_that_labels_choose(server, context, actions):
    server.world.workload("deployment", "web", replicas=1)
    delete = actions["delete_pod"]
    p = delete.parameters(namespace="shop", labels={"app": "web"})
    with pytest.raises(PermanentError, match=r"pod shop/web-.* is protected by"):
        await delete.resolve(p, guarded(context, "kubernetes/*/shop/pod/web-*"))
    assert not server.of("POST")


@pytest.mark.parametrize(("verb", "values"), [("restart_all", {}), ("scale_all", {"replicas": 0})])
async def test_among_the_workloads_of_a_namespace(server, context, actions, verb, values):
    for name in ("db", "web"):
        server.world.workload("deployment", name, replicas=1)
    action = actions[verb]
    at = guarded(context, "kubernetes/*/shop/deployment/db")
    for call in (action.resolve, action.preview):
        with pytest.raises(PermanentError, match="shop/deployment/db is protected by"):
            await call(action.parameters(namespace="shop", **values), at)
    assert not server.of("PATCH")
    await action.resolve(action.parameters(namespace="shop", exclude=["db"], **values), at)
