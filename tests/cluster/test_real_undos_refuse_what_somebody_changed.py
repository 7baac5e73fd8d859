import asyncio

import pytest

from remediator.errors import PermanentError, TemporaryError

pytestmark = pytest.mark.cluster

WEB = {"kind": "deployment", "name": "web"}
MERGE = "application/merge-patch+json"
APP = {
    "env": [{"name": "POOL", "value": "10"}],
    "resources": {"limits": {"memory": "64Mi"}},
    "readinessProbe": {"exec": {"command": ["/pause", "-v"]}, "timeoutSeconds": 5},
}


def template(**container):
    return {"spec": {"template": {"spec": {"containers": [{"name": "app", **container}]}}}}


#: Each change of ours, and what somebody then writes over it.
THEIRS = {
    "scale": ({"replicas": 2}, {"spec": {"replicas": 3}}),
    "set_env": ({"set": {"POOL": 20}}, template(env=[{"name": "POOL", "value": "30"}])),
    "set_image": ({"image": "registry.k8s.io/pause:3.10"}, template(image="registry.k8s.io/pause:3.8")),
    "set_resources": ({"limits": {"memory": "x2"}}, template(resources={"limits": {"memory": "96Mi"}})),
    "set_probe": ({"readiness": {"timeout_seconds": 9}}, template(readinessProbe={"timeoutSeconds": 7})),
    "annotate": ({"set": {"note": "ours"}}, {"metadata": {"annotations": {"note": "theirs"}}}),
    "label": ({"set": {"tier": "gold"}}, {"metadata": {"labels": {"tier": "silver"}}}),
    "rollout_undo": ({}, template(image="registry.k8s.io/pause:3.8")),
}  # fmt: skip


@pytest.mark.parametrize("verb", THEIRS)
async def test_of_a_deployment(place, verb):
    values, theirs = THEIRS[verb]
    await place.workload("deployment", replicas=1, **APP)
    if verb == "rollout_undo":
        await place.perform("set_image", **WEB, image="registry.k8s.io/pause:3.10")
        assert (await place.settled("deployment")).holds
    intent, _ = await place.intended(verb, **WEB, **values)
    where = f"/apis/apps/v1/namespaces/{place.namespace}/deployments/web"
    await place.api.patch(where, theirs, "application/strategic-merge-patch+json")
    spec = (await place.get("deployment", "web"))["spec"]
    with pytest.raises(PermanentError, match=r"not what we set|not the 2 that we set|changed"):
        await place.action(verb).undo(intent, place.context)
    assert (await place.get("deployment", "web"))["spec"] == spec


async def test_of_an_autoscalers_bounds(place):
    await place.workload("deployment", replicas=1)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    await place.create("autoscaler", {"metadata": {"name": "web"}, "spec": {"scaleTargetRef": target, "maxReplicas": 2}})
    intent, _ = await place.intended("scale", **WEB, by="+1", max=4, autoscaler="bounds")
    where = f"/apis/autoscaling/v2/namespaces/{place.namespace}/horizontalpodautoscalers/web"
    await place.api.patch(where, {"spec": {"maxReplicas": 9}}, MERGE)
    with pytest.raises(PermanentError, match="somebody changed them"):
        await place.action("scale").undo(intent, place.context)
    assert (await place.get("autoscaler", "web"))["spec"]["maxReplicas"] == 9


async def test_of_a_namespace_as_a_whole_before_any(place):
    for name in ("api", "web"):
        await place.workload("deployment", name, 1)
    intent, _ = await place.intended("scale_all", replicas=0, wait="90s")
    await place.perform("scale", **WEB, replicas=3)
    with pytest.raises(PermanentError, match="somebody changed it"):
        await place.action("scale_all").undo(intent, place.context)
    assert (await place.get("deployment", "api"))["spec"]["replicas"] == 0


async def test_of_an_applied_object(place):
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "flags"}, "data": {"beta": "off"}}
    intent, _ = await place.intended("apply", manifest=manifest)
    where = f"/api/v1/namespaces/{place.namespace}/configmaps/flags"
    body = {"data": {"beta": "on"}}
    await place.api.request("PATCH", where, query=[("fieldManager", "somebody")], body=body, media=MERGE)
    with pytest.raises(PermanentError):
        await place.action("apply").undo(intent, place.context)
    assert (await place.api.get(where))["data"] == {"beta": "on"}


async def test_of_a_node_that_is_another_one_now(place, node):
    intent, _ = await _cordon(place, node)
    await place.api.request("DELETE", f"/api/v1/nodes/{node}")
    await place.api.request("POST", "/api/v1/nodes", body={"metadata": {"name": node}})
    with pytest.raises(PermanentError, match="is another one now"):
        await place.action("cordon").undo(intent, place.context)


async def _cordon(place, node):
    action = place.action("cordon")
    intent = await action.resolve(action.parameters(node=node), place.context)
    return intent, await action.perform(intent.parameters, place.context)


@pytest.mark.parametrize("verb", ["set_env", "annotate"])
async def test_of_several_edits_at_once_each_stands_or_is_a_conflict(place, verb):
    await place.workload("deployment", replicas=1, **APP)
    asked = [place.perform(verb, **WEB, set={f"V{number}": str(number)}) for number in range(4)]
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(one, TemporaryError) and "409" in str(one) if isinstance(one, Exception) else one.changed for one in done)
    found = await place.get("deployment", "web")
    (container,) = found["spec"]["template"]["spec"]["containers"]
    there = {item["name"] for item in container["env"]} | set(found["metadata"].get("annotations", {}))
    assert all((f"V{number}" in there) == (not isinstance(one, Exception)) for number, one in enumerate(done))
