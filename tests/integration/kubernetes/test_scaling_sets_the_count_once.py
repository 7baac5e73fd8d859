import json

import pytest

from remediator.errors import PermanentError, TemporaryError


def replicas(server, resource="deployments"):
    return server.world.objects[resource, "shop", "web"]["spec"]["replicas"]


@pytest.mark.parametrize("kind", ["deployment", "statefulset"])
async def test_through_the_scale_subresource_with_a_precondition(server, context, scale, kind):
    server.world.workload(kind, "web", replicas=4)
    version = server.world.objects[f"{kind}s", "shop", "web"]["metadata"]["resourceVersion"]
    p = scale.parameters(kind=kind, name="web", namespace="shop", by="+2")
    done = await scale.perform((await scale.resolve(p, context)).parameters, context)
    (patch,) = server.of("PATCH")
    assert patch.path == f"/apis/apps/v1/namespaces/shop/{kind}s/web/scale"
    assert patch.media == "application/merge-patch+json"
    assert patch.json == {"metadata": {"resourceVersion": version}, "spec": {"replicas": 6}}
    assert patch.query == {"fieldManager": "remediator"}
    assert (done.before, done.replicas, done.changed) == (4, 6, True)
    assert len(server.world.of("pods", "shop")) == 6


async def test_the_same_intent_twice(server, context, scale, web):
    server.world.workload("deployment", "web", replicas=4)
    intent = await scale.resolve(scale.parameters(**web, by="+50%"), context)
    assert await scale.happened(intent, context) is False
    await scale.perform(intent.parameters, context)
    assert await scale.happened(intent, context) is True
    again = await scale.perform(intent.parameters, context)
    assert (again.replicas, again.changed) == (6, False)
    assert len(server.of("PATCH")) == 1


async def test_from_and_to_zero(server, context, scale, web):
    server.world.workload("deployment", "web", replicas=0)
    assert (await scale.perform(scale.parameters(**web, replicas=2), context)).before == 0
    assert (await scale.perform(scale.parameters(**web, replicas=0), context)).replicas == 0
    assert replicas(server) == 0


async def test_a_write_in_between_is_a_conflict_to_be_tried_again(server, context, scale, web):
    server.world.workload("deployment", "web", replicas=4)
    stale = {"kind": "Scale", "metadata": {"resourceVersion": "1"}, "spec": {"replicas": 5}}
    server.answer("get", "deployments/scale", body=json.dumps(stale).encode(), times=1)
    p = scale.parameters(**web, replicas=6)
    with pytest.raises(TemporaryError, match="409"):
        await scale.perform(p, context)
    assert (await scale.perform(p, context)).replicas == 6


async def test_a_stale_precondition_is_refused_by_the_server(server, context, scale, web):
    server.world.workload("deployment", "web", replicas=4)
    stale = {"kind": "Scale", "metadata": {"resourceVersion": "1"}, "spec": {"replicas": 4}}
    server.answer("get", "deployments/scale", body=json.dumps(stale).encode())
    with pytest.raises(TemporaryError, match="the object has been modified"):
        await scale.perform(scale.parameters(**web, replicas=6), context)
    assert replicas(server) == 4


async def test_a_count_that_somebody_changed_since_the_intent_is_left_alone(server, context, scale, web):
    server.world.workload("deployment", "web", replicas=4)
    intent = await scale.resolve(scale.parameters(**web, by="+50%"), context)
    await scale.perform(scale.parameters(**web, replicas=9), context)
    assert await scale.happened(intent, context) is None
    with pytest.raises(PermanentError, match="from 4 to 6 replicas, but somebody set it to 9"):
        await scale.perform(intent.parameters, context)
    assert replicas(server) == 9


def test_a_daemonset_has_no_count(scale):
    with pytest.raises(ValueError, match="kind"):
        scale.parameters(kind="daemonset", name="web", namespace="shop", replicas=2)
