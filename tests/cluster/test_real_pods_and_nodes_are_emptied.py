import asyncio
import dataclasses

import pytest

from remediator.errors import PermanentError, TemporaryError

pytestmark = pytest.mark.cluster
BUDGETS = "/apis/policy/v1/namespaces/{}/poddisruptionbudgets"


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
    assert (await place.settled("statefulset")).holds
    (successor,) = await place.pods()
    assert successor["metadata"]["uid"] != pod["metadata"]["uid"]
    assert not (await place.action("delete_pod").perform(intent.parameters, place.context)).changed
    assert (await place.pods())[0]["metadata"]["uid"] == successor["metadata"]["uid"]
    assert await place.action("delete_pod").happened(intent, place.context) is True


async def test_a_disruption_budget_holds(place):
    await place.workload("deployment", replicas=2)
    spec = {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}
    where = BUDGETS.format(place.namespace)
    await place.api.request("POST", where, body={"metadata": {"name": "web"}, "spec": spec})
    for _ in range(60):
        found = await place.api.get(f"{where}/web")
        if found.get("status", {}).get("currentHealthy") == 2:
            break
        await asyncio.sleep(0.25)
    else:
        pytest.skip("this cluster does not count what a budget allows")
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


async def test_a_node_with_a_protected_pod_is_not_touched(place, node):
    spec = {"nodeName": node, "containers": [{"name": "app", "image": "registry.k8s.io/pause:3.9"}],
            "terminationGracePeriodSeconds": 0, "tolerations": [{"operator": "Exists"}]}  # fmt: skip
    await place.create("pod", {"metadata": {"name": "one"}, "spec": spec})
    guarded = dataclasses.replace(place.context, protected=(f"kubernetes/*/{place.namespace}/**",))
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
