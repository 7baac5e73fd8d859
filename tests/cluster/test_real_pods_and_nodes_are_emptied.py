import pytest
from msgspec.structs import replace

from remediator.errors import AmbiguousError, PermanentError, TemporaryError

pytestmark = pytest.mark.cluster


async def changed(place, verb, **values):
    """Resolve and perform; return the intent and what came of it."""
    action = place.action(verb)
    intent = await action.resolve(action.parameters(**values), place.context)
    assert await action.happened(intent, place.context) is False
    return intent, await action.perform(intent.parameters, place.context)


async def test_a_pod_goes_once_and_is_replaced(place):
    await place.workload("statefulset", replicas=1)
    (pod,) = await place.pods()
    intent, done = await changed(place, "delete_pod", namespace=place.namespace, pod="web-0")
    assert done.evicted == 1
    (successor,) = await place.running(1)
    assert successor["metadata"]["uid"] != pod["metadata"]["uid"]
    assert not (await place.action("delete_pod").perform(intent.parameters, place.context)).changed
    assert (await place.pods())[0]["metadata"]["uid"] == successor["metadata"]["uid"]
    assert await place.action("delete_pod").happened(intent, place.context) is True


async def test_a_disruption_budget_holds(place):
    await place.workload("deployment", replicas=2)
    spec = {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}
    await budget(place, "web", spec, healthy=2)
    name = (await place.pods())[0]["metadata"]["name"]
    with pytest.raises(TemporaryError, match="PodDisruptionBudget does not allow"):
        await place.perform("delete_pod", pod=name)
    assert "PodDisruptionBudget" in await place.action("delete_pod").preview(place.parameters("delete_pod", pod=name), place.context)
    assert name in [pod["metadata"]["name"] for pod in await place.pods()]


async def test_without_metrics_nobody_is_the_worst(place):
    await place.workload("deployment", replicas=1)
    try:
        await place.perform("delete_pod", kind="deployment", name="web", worst="memory")
    except PermanentError as error:
        assert "serves no metrics" in str(error) or "known to use memory" in str(error)  # noqa: PT017 -- both are right
    else:
        pytest.skip("this cluster has a metrics API")


async def test_a_node_is_cordoned_and_let_go(place, node):
    intent, done = await changed(place, "cordon", node=node)
    assert done.cordoned
    assert (await place.api.get(f"/api/v1/nodes/{node}"))["spec"]["unschedulable"] is True
    assert (await place.action("cordon").undo(intent, place.context)).changed
    assert not (await place.api.get(f"/api/v1/nodes/{node}"))["spec"].get("unschedulable")


async def test_what_a_budget_blocks_on_a_node_is_named_when_the_time_is_up(place, node):
    where = f"/api/v1/namespaces/{place.namespace}/pods"
    for name in ("one", "two"):
        spec = {"nodeName": node, "containers": [{"name": "app", "image": "registry.k8s.io/pause:3.9"}],
                "terminationGracePeriodSeconds": 0, "tolerations": [{"operator": "Exists"}]}  # fmt: skip
        await place.create("pod", {"metadata": {"name": name, "labels": {"app": "web"}}, "spec": spec})
        ready = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
        await place.api.patch(f"{where}/{name}/status", ready, "application/merge-patch+json")  # as its kubelet would
    await budget(place, "web", {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}, healthy=2)
    drain = place.action("drain")
    p = drain.parameters(node=node, unmanaged=True, grace_period=0, within="3s")
    intent = await drain.resolve(p, place.context)
    shown = await drain.preview(p, place.context)
    assert shown.count("would be evicted") == 2
    with pytest.raises(AmbiguousError, match="1 of 2 pods were evicted; blocked by a PodDisruptionBudget"):
        await drain.perform(intent.parameters, place.context)
    assert len(await place.pods()) == 1
    assert await drain.happened(intent, place.context) is None
    assert (await drain.undo(intent, place.context)).changed
    assert not (await place.api.get(f"/api/v1/nodes/{node}"))["spec"].get("unschedulable")


async def budget(place, name, spec, healthy):
    """Make a budget; wait until its controller has counted so many healthy pods."""
    await place.create("budget", {"metadata": {"name": name}, "spec": spec})
    found = await place.until(
        lambda: place.get("budget", name), lambda found: found.get("status", {}).get("currentHealthy") == healthy, 30
    )
    if found.get("status", {}).get("currentHealthy") != healthy:
        pytest.skip("this cluster does not count what a budget allows")


async def test_a_node_with_a_protected_pod_is_not_touched(place, node):
    spec = {"nodeName": node, "containers": [{"name": "app", "image": "registry.k8s.io/pause:3.9"}],
            "terminationGracePeriodSeconds": 0, "tolerations": [{"operator": "Exists"}]}  # fmt: skip
    await place.create("pod", {"metadata": {"name": "one"}, "spec": spec})
    guarded = replace(place.context, protected=(f"kubernetes/*/{place.namespace}/**",))
    drain = place.action("drain")
    p = drain.parameters(node=node, unmanaged=True, grace_period=0, within="30s")
    for call in (drain.resolve, drain.preview, drain.perform):
        with pytest.raises(PermanentError, match="protected by kubernetes/"):
            await call(p, guarded)
    assert not (await place.api.get(f"/api/v1/nodes/{node}"))["spec"].get("unschedulable")
    assert len(await place.pods()) == 1


async def test_a_node_is_drained(place, node):
    container = {"name": "app", "image": "registry.k8s.io/pause:3.9"}
    for name in ("one", "two"):
        spec = {"nodeName": node, "containers": [container], "terminationGracePeriodSeconds": 0, "tolerations": [{"operator": "Exists"}]}
        await place.create("pod", {"metadata": {"name": name}, "spec": spec})
    drain = place.action("drain")
    with pytest.raises(PermanentError, match="unmanaged: true"):
        await drain.resolve(drain.parameters(node=node), place.context)
    values = {"node": node, "unmanaged": True, "grace_period": 0, "within": "30s"}
    assert f"pod {place.namespace}/one would be evicted" in await drain.preview(drain.parameters(**values), place.context)
    intent, done = await changed(place, "drain", **values)
    assert done.evicted == 2
    assert await place.pods() == []
    assert (await place.api.get(f"/api/v1/nodes/{node}"))["spec"]["unschedulable"] is True
    assert (await drain.undo(intent, place.context)).changed
