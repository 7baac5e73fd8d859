import asyncio

import pytest

from remediator.errors import PermanentError, TemporaryError

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize("kind", ["deployment", "statefulset"])
async def test_up_and_back(place, kind):
    await place.workload(kind, replicas=2)
    scale = place.action("scale")
    p = place.parameters("scale", kind=kind, name="web", by="+50%", max=8)
    shown = await scale.preview(p, place.context)
    assert {"-replicas: 2", "+replicas: 3"} <= set(shown.splitlines())
    assert (await place.get(kind, "web"))["spec"]["replicas"] == 2

    intent = await scale.resolve(p, place.context)
    assert await scale.happened(intent, place.context) is False
    done = await scale.perform(intent.parameters, place.context)
    assert (done.before, done.replicas, done.changed) == (2, 3, True)
    assert await scale.happened(intent, place.context) is True
    assert (await place.settled(kind)).holds
    assert len(await place.pods()) == 3
    assert not (await scale.perform(intent.parameters, place.context)).changed

    assert (await scale.undo(intent, place.context)).replicas == 2
    assert (await place.get(kind, "web"))["spec"]["replicas"] == 2


async def test_to_zero_and_up_again(place):
    await place.workload("deployment", replicas=1)
    assert (await place.perform("scale", kind="deployment", name="web", replicas=0)).replicas == 0
    with pytest.raises(PermanentError, match="scaled to zero"):
        await place.perform("scale", kind="deployment", name="web", by="+2")
    assert (await place.perform("scale", kind="deployment", name="web", replicas=1)).before == 0


async def test_a_stale_precondition_is_a_conflict(place):
    await place.workload("deployment", replicas=1)
    where = f"/apis/apps/v1/namespaces/{place.namespace}/deployments/web/scale"
    stale = await place.api.get(where)
    await place.perform("scale", kind="deployment", name="web", replicas=2)
    body = {"metadata": {"resourceVersion": stale["metadata"]["resourceVersion"]}, "spec": {"replicas": 3}}
    with pytest.raises(TemporaryError, match="409"):
        await place.api.patch(where, body, "application/merge-patch+json")
    assert (await place.get("deployment", "web"))["spec"]["replicas"] == 2


async def test_of_two_at_once_one_count_stands(place):
    await place.workload("deployment", replicas=1)
    asked = [place.perform("scale", kind="deployment", name="web", replicas=count) for count in (2, 3)]
    done = await asyncio.gather(*asked, return_exceptions=True)
    stands = (await place.get("deployment", "web"))["spec"]["replicas"]
    assert all(isinstance(one, TemporaryError) or one.changed for one in done)
    assert stands in {one.replicas for one in done if not isinstance(one, Exception)}


async def test_not_against_an_autoscaler(place):
    await place.workload("deployment", replicas=2)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 5}
    await place.create("autoscaler", {"metadata": {"name": "web-hpa"}, "spec": spec})
    with pytest.raises(PermanentError, match="web-hpa"):
        await place.perform("scale", kind="deployment", name="web", by="+1")
    assert (await place.perform("describe_workload", kind="deployment", name="web")).hpa == "web-hpa"
