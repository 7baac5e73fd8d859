"""While a workload rolls out, its controller writes the status several times a second, and each time another version."""

import copy

import pytest
from fakes.kubernetes_api import FakeKubernetes

from remediator.actions.kubernetes.api import MERGE_PATCH, open_api
from remediator.actions.kubernetes.writing import patch_as_read
from remediator.errors import TemporaryError

WHERE = "/apis/apps/v1/namespaces/shop/deployments/web"
PROBE = {"exec": {"command": ["x"]}, "timeoutSeconds": 5}
EDITS = {
    "scale": {"by": "+1"}, "pause_rollout": {}, "set_env": {"set": {"POOL": 20}}, "set_image": {"image": "example/web:9"},
    "set_resources": {"limits": {"memory": "1Gi"}}, "set_probe": {"liveness": {"timeout_seconds": 9}},
    "annotate": {"set": {"note": "1"}}, "label": {"set": {"tier": "gold"}}, "rollout_undo": {},
}  # fmt: skip


def rolling(world):
    """Begin a rollout that goes on each time the workload is read."""
    found = copy.deepcopy(world.objects["deployments", "shop", "web"])
    found["spec"]["template"]["spec"]["containers"][0]["image"] = "example/web:2"
    found["metadata"]["generation"] += 1
    world.controllers = "stepwise"
    world.put("deployments", found)
    world.written(("deployments", "shop", "web"))
    world.was_read(("deployments", "shop", "web"))


@pytest.fixture
async def stepwise(connect):
    async with FakeKubernetes() as server:
        container = {"name": "app", "image": "example/web:1", "livenessProbe": PROBE}
        template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
        server.world.workload("deployment", "web", template=template)
        yield server, connect(server)


@pytest.mark.parametrize("verb", EDITS)
async def test_to_any_change_nor_to_its_undo(stepwise, actions, web, verb):
    server, context = stepwise
    rolling(server.world)
    action = actions[verb]
    p = action.parameters(**web, **EDITS[verb])
    if verb == "rollout_undo":
        server.world.finish("deployments", "shop", "web")
        server.world.controllers = "instant"
        p = (await action.resolve(p, context)).parameters
        server.world.controllers = "stepwise"
        server.world.written(("deployments", "shop", "web"))
    intent = await action.resolve(p, context)
    await action.preview(intent.parameters, context)
    assert (await action.perform(intent.parameters, context)).changed
    rolling(server.world) if verb not in ("set_image", "rollout_undo") else None
    if verb != "rollout_undo":
        assert (await action.undo(intent, context)).changed
    assert any(seen.method == "PATCH" for seen in server.requests)


async def test_but_what_somebody_else_wrote_is_one(server, context):
    server.world.workload("deployment", "web")
    api = await open_api(context, "default")
    found = await api.get(WHERE)
    newer = copy.deepcopy(server.world.objects["deployments", "shop", "web"])
    newer["metadata"]["labels"]["team"] = "shop"
    server.world.put("deployments", newer)

    def make(now):
        return {"metadata": {"resourceVersion": now["metadata"]["resourceVersion"]}, "spec": {"replicas": 5}}

    with pytest.raises(TemporaryError, match="409"):
        await patch_as_read(api, WHERE, found, make, MERGE_PATCH)
    assert len(server.of("PATCH")) == 1


async def test_and_it_is_given_up_in_the_end(server, context):
    server.world.workload("deployment", "web")
    api = await open_api(context, "default")
    found = await api.get(WHERE)
    server.fail("patch", "deployments", status=409)
    with pytest.raises(TemporaryError, match="409"):
        await patch_as_read(api, WHERE, found, lambda _: {"spec": {"replicas": 5}}, MERGE_PATCH)
    assert len(server.of("PATCH")) == 5
