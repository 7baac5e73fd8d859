import copy
import json

import pytest
from msgspec.structs import replace

from remediator.errors import PermanentError, TemporaryError

APP = {
    "env": [{"name": "POOL", "value": "10"}, {"name": "OLD", "value": "1"}, {"name": "EMPTY"}],
    "resources": {"limits": {"memory": "1Gi"}, "requests": {"cpu": "250m"}},
    "livenessProbe": {"httpGet": {"path": "/", "port": 80}, "timeoutSeconds": 5},
}
#: action, parameters, and another change of the same fields by somebody else (paused or not: there is no other)
EDITS = {
    "set_env": ({"set": {"POOL": 20, "EMPTY": "", "NEW": "x"}, "unset": ["OLD"]}, {"set": {"POOL": 30}}),
    "set_image": ({"image": "example/web:2", "container": "app"}, {"image": "example/web:9", "container": "app"}),
    "set_resources": (
        {"container": "app", "limits": {"memory": "x2"}, "requests": {"memory": "1024Mi", "cpu": "1500m"}},
        {"container": "app", "limits": {"memory": "8Gi"}},
    ),
    "set_probe": (
        {"container": "app", "liveness": {"timeout_seconds": 10, "initial_delay_seconds": 0, "failure_threshold": 5}},
        {"container": "app", "liveness": {"timeout_seconds": 11}},
    ),
    "annotate": ({"set": {"note": "2", "a.example/b": ""}, "remove": ["gone"], "on": "both"}, {"set": {"note": "3"}}),
    "label": ({"set": {"tier": "gold"}, "remove": ["team"]}, {"set": {"tier": "lead"}}),
    "pause_rollout": ({}, None),
}


@pytest.fixture(params=EDITS)
async def edit(request, server, context, actions, made, web):
    """Give the action, its intent, its parameters for another change, and the objects as they were."""
    made(**APP)
    server.world.objects["deployments", "shop", "web"]["metadata"] |= {
        "labels": {"app": "web", "tier": "silver", "team": "shop"}, "annotations": {"note": "1", "gone": "x"},
    }  # fmt: skip
    action = actions[request.param]
    values, other = EDITS[request.param]
    before = copy.deepcopy(server.world.objects["deployments", "shop", "web"])
    intent = await action.resolve(action.parameters(**web, **values), context)
    return action, intent, other and action.parameters(**web, **other), before


def present(server):
    return server.world.objects["deployments", "shop", "web"]


def written(document):
    """Return what people write of an object."""
    marks = {name: document["metadata"].get(name) for name in ("labels", "annotations")}
    marks["annotations"].pop("deployment.kubernetes.io/revision", None)
    return document["spec"], marks


def without_what_is_empty(value):
    """Return a tree without empty lists and objects; a list of named items goes by their names."""
    if isinstance(value, dict):
        kept = {key: without_what_is_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in ({}, [], False)}
    if isinstance(value, (list, tuple)):
        return sorted((without_what_is_empty(item) for item in value), key=json.dumps)
    return value


async def test_once(server, context, edit):
    action, intent, _, before = edit
    assert not server.of("PATCH")
    assert await action.happened(intent, context) is False
    first = await action.perform(intent.parameters, context)
    assert await action.happened(intent, context) is True
    again = await action.perform(intent.parameters, context)
    assert (first.changed, again.changed) == (True, False)
    assert len(server.of("PATCH")) == 1
    assert written(present(server)) != written(before)


async def test_a_preview_shows_it_and_changes_nothing(server, context, edit):
    action, intent, _, _ = edit
    before = copy.deepcopy(server.world.objects)
    shown = await action.preview(intent.parameters, context)
    assert server.of("PATCH")[0].query["dryRun"] == "All"
    assert server.world.objects == before
    assert any(line.startswith("+") and not line.startswith("+++") for line in shown.splitlines())
    await action.perform(intent.parameters, context)
    restarts = present(server)["spec"]["template"] != before["deployments", "shop", "web"]["spec"]["template"]
    assert ("Its pods restart" in shown) == restarts
    assert "nothing would change" in await action.preview(intent.parameters, context)


async def test_what_was_there_comes_back(server, context, edit):
    action, intent, _, before = edit
    await action.perform(intent.parameters, context)
    assert (await action.undo(intent, context)).changed
    assert without_what_is_empty(written(present(server))) == without_what_is_empty(written(before))
    assert await action.happened(intent, context) is False
    assert not (await action.undo(intent, context)).changed
    assert len(server.of("PATCH")) == 2


@pytest.mark.parametrize("edit", [name for name, (_, other) in EDITS.items() if other is not None], indirect=True)
async def test_what_somebody_else_set_since_stays(server, context, edit):
    action, intent, other, _ = edit
    await action.perform(intent.parameters, context)
    await action.perform(other, context)
    before = copy.deepcopy(server.world.objects)
    with pytest.raises(PermanentError, match="somebody changed it"):
        await action.undo(intent, context)
    assert await action.happened(intent, context) is None
    assert server.world.objects == before


async def test_a_write_in_between_is_a_conflict(server, context, edit):
    action, intent, _, _ = edit
    stale = copy.deepcopy(present(server))
    newer = copy.deepcopy(stale)
    newer["metadata"].setdefault("labels", {})["team"] = "theirs"
    server.world.put("deployments", newer)
    server.answer("get", "deployments", body=json.dumps(stale).encode(), times=1)
    with pytest.raises(TemporaryError, match="409"):
        await action.perform(intent.parameters, context)


NOTHING = [{}, {"fields": None}, {"fields": [{}]}, {"fields": ["x"]}, {"fields": [{"place": []}]}]


@pytest.mark.parametrize("before", NOTHING)
async def test_what_is_not_known_is_not_guessed(server, context, edit, before):
    action, intent, _, _ = edit
    await action.perform(intent.parameters, context)
    done = copy.deepcopy(server.world.objects)
    with pytest.raises(PermanentError, match="not known"):
        await action.undo(replace(intent, before=before), context)
    assert server.world.objects == done
