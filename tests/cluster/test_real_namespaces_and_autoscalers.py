import pytest

pytestmark = pytest.mark.cluster


async def counts(place):
    return {name: (await place.get("deployment", name))["spec"]["replicas"] for name in ("api", "web")}


async def test_all_to_zero_and_back(place):
    for name, replicas in (("api", 1), ("web", 2)):
        await place.workload("deployment", name, replicas)
    action = place.action("scale_all")
    p = place.parameters("scale_all", replicas=0, wait="90s")
    assert (await action.preview(p, place.context)).splitlines() == ["deployment/api: 1 -> 0 replicas", "deployment/web: 2 -> 0 replicas"]
    assert await counts(place) == {"api": 1, "web": 2}
    intent = await action.resolve(p, place.context)
    assert (await action.perform(intent.parameters, place.context)).changed == 2
    assert await counts(place) == {"api": 0, "web": 0}
    assert await place.pods() == []
    assert await action.happened(intent, place.context) is True
    assert not (await action.perform(intent.parameters, place.context)).changed
    await action.undo(intent, place.context)
    assert await counts(place) == {"api": 1, "web": 2}


async def test_all_are_restarted_one_after_the_other(place):
    await place.workload("deployment", "api", 1)
    await place.workload("statefulset", "db", 1)
    before = {pod["metadata"]["uid"] for pod in await place.pods()}
    action = place.action("restart_all")
    intent = await action.resolve(place.parameters("restart_all", wait="90s"), place.context)
    done = await action.perform(intent.parameters, place.context)
    assert done.workloads == ("deployment/api", "statefulset/db")
    assert done.changed == 2
    assert not before & {pod["metadata"]["uid"] for pod in await place.pods()}
    assert await action.happened(intent, place.context) is True
    assert not (await action.perform(intent.parameters, place.context)).changed


async def test_an_autoscalers_bounds_are_raised_and_put_back(place):
    await place.workload("deployment", replicas=2)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    await place.create("autoscaler", {"metadata": {"name": "web-hpa"}, "spec": {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 3}})
    scale = place.action("scale")
    p = place.parameters("scale", kind="deployment", name="web", by="+2", max=6, autoscaler="bounds")
    assert "+minReplicas: 4" in await scale.preview(p, place.context)
    intent = await scale.resolve(p, place.context)
    done = await scale.perform(intent.parameters, place.context)
    assert (done.autoscaler, done.min_replicas, done.max_replicas) == ("web-hpa", 4, 4)
    assert await scale.happened(intent, place.context) is True
    await scale.undo(intent, place.context)
    spec = (await place.get("autoscaler", "web-hpa"))["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (1, 3)
