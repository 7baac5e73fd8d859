import copy
import json

import pytest

from remediator.actions.kubernetes.revisions import digest

KINDS = ("deployment", "statefulset", "daemonset")
PROBE = {"httpGet": {"path": "/", "port": 80}, "timeoutSeconds": 5}
ENV = [{"name": "OLD", "value": "1"}, {"name": "POOL", "value": "10"}]


def plain(patch):
    """Return a patch without what differs on purpose: our precondition, and kubectl's hints on order."""
    if isinstance(patch, list):
        kept = [item for item in patch if not (isinstance(item, dict) and item.get("path") == VERSION)]
        return sorted((plain(item) for item in kept), key=lambda item: json.dumps(item, sort_keys=True))
    if not isinstance(patch, dict):
        return patch
    kept = {key: plain(value) for key, value in patch.items() if not key.startswith("$setElementOrder/")}
    kept.pop("resourceVersion", None)
    kept.pop("creationTimestamp", None)
    return {key: value for key, value in kept.items() if (key, value) != ("metadata", {})}


VERSION = "/metadata/resourceVersion"
EDITS = [
    ("set_env", {"set": {"POOL": 20, "NEW": "x"}, "unset": ["OLD"]}, ("set", "env", "POOL=20", "NEW=x", "OLD-")),
    ("set_env", {"set": {"POOL": "30"}, "container": "app"}, ("set", "env", "-c", "app", "POOL=30")),
    ("set_image", {"image": "example/web:2", "container": "app"}, ("set", "image", "app=example/web:2")),
    ("set_image", {"image": "example/init:2", "container": "init"}, ("set", "image", "init=example/init:2")),
    (
        "set_resources",
        {"container": "app", "limits": {"memory": "1Gi", "cpu": "500m"}, "requests": {"memory": "512Mi"}},
        ("set", "resources", "-c", "app", "--limits=memory=1Gi,cpu=500m", "--requests=memory=512Mi"),
    ),
    ("annotate", {"set": {"a.example/b": "c d"}}, ("annotate", "--overwrite", "a.example/b=c d")),
    ("annotate", {"remove": ["note"]}, ("annotate", "note-")),
    ("label", {"set": {"tier": "gold"}}, ("label", "--overwrite", "tier=gold")),
    ("label", {"remove": ["tier"]}, ("label", "tier-")),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("edit", EDITS)
async def test_edits(server, context, actions, kubectl, made, kind, edit):
    verb, values, words = edit
    made(kind, env=ENV)
    marks = {"labels": {"app": "web", "tier": "silver"}, "annotations": {"note": "1"}}
    server.world.objects[f"{kind}s", "shop", "web"]["metadata"] |= marks
    before = copy.deepcopy(server.world.objects)
    first = 2 if words[0] == "set" else 1
    code, complaints = await kubectl(*words[:first], f"{kind}/web", *words[first:])
    assert not code, complaints
    done = json.dumps(server.world.objects[f"{kind}s", "shop", "web"]["spec"], sort_keys=True)
    server.world.objects = before
    await actions[verb].perform(actions[verb].parameters(kind=kind, name="web", namespace="shop", **values), context)
    theirs, ours = server.of("PATCH")
    assert (ours.path, ours.media) == (theirs.path, theirs.media)
    assert set(ours.query) == set(theirs.query) == {"fieldManager"}
    assert plain(ours.json) == plain(theirs.json)
    assert json.dumps(server.world.objects[f"{kind}s", "shop", "web"]["spec"], sort_keys=True) == done


@pytest.mark.parametrize("kind", KINDS)
async def test_probes_as_kubectl_edit_sets_them(server, context, actions, kubectl, made, kind, tmp_path, monkeypatch):
    """It has no command for probes; what edit sends is its own difference of what a person changes by hand."""
    probe = {**PROBE, "failureThreshold": 3, "periodSeconds": 10}
    made(kind, livenessProbe=copy.deepcopy(probe), readinessProbe=copy.deepcopy(probe))
    before = copy.deepcopy(server.world.objects)
    editor = tmp_path / "editor"
    editor.write_text(
        "#!/bin/sh\nsed -i -e '/livenessProbe/,/readinessProbe/s/timeoutSeconds: 5/timeoutSeconds: 9/' "
        "-e '/readinessProbe/,$s/failureThreshold: 3/failureThreshold: 6/' \"$1\"\n"
    )
    editor.chmod(0o700)
    monkeypatch.setenv("KUBE_EDITOR", str(editor))
    code, complaints = await kubectl("edit", f"{kind}/web", "--validate=false")
    assert not code, complaints
    done = server.world.objects[f"{kind}s", "shop", "web"]["spec"]
    server.world.objects = before
    set_probe = actions["set_probe"]
    times = {"liveness": {"timeout_seconds": 9}, "readiness": {"failure_threshold": 6}}
    await set_probe.perform(
        set_probe.parameters(kind=kind, name="web", namespace="shop", container="app", **times), context
    )
    theirs, ours = server.of("PATCH")
    assert (ours.path, ours.media) == (theirs.path, theirs.media)
    assert plain(ours.json) == plain(theirs.json)
    assert server.world.objects[f"{kind}s", "shop", "web"]["spec"] == done


async def test_pausing_and_resuming(server, context, actions, kubectl, web):
    server.world.workload("deployment", "web")
    for word in ("pause", "resume"):
        code, complaints = await kubectl("rollout", word, "deployment/web")
        assert not code, complaints
    for word in ("pause", "resume"):
        action = actions[f"{word}_rollout"]
        await action.perform(action.parameters(**web), context)
    theirs, ours = server.of("PATCH")[:2], server.of("PATCH")[2:]
    assert [plain(seen.json) for seen in ours] == [plain(seen.json) for seen in theirs]
    assert [seen.media for seen in ours] == [seen.media for seen in theirs]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("revision", [None, 1, 2])
async def test_undoing_a_rollout(server, context, actions, kubectl, made, kind, revision):
    """Three revisions; back to one of them, by kubectl and by us from the same state."""
    made(kind)
    for image in ("example/web:2", "example/web:3"):
        await kubectl("set", "image", f"{kind}/web", f"app={image}")
    before = copy.deepcopy(server.world.objects)
    code, complaints = await kubectl(
        "rollout", "undo", f"{kind}/web", *([f"--to-revision={revision}"] if revision else [])
    )
    assert not code, complaints
    done = server.world.objects[f"{kind}s", "shop", "web"]["spec"]
    server.world.objects = before
    undo = actions["rollout_undo"]
    intent = await undo.resolve(undo.parameters(kind=kind, name="web", namespace="shop", revision=revision), context)
    said = await undo.perform(intent.parameters, context)
    theirs, ours = server.of("PATCH")[-2:]
    assert said.changed
    assert said.revision == intent.parameters.revision == (revision or 2)
    assert (ours.path, ours.media) == (theirs.path, theirs.media)
    assert plain(ours.json) == plain(theirs.json)
    # A ControllerRevision holds a null that only one of them passes on; a server drops it.
    assert digest(server.world.objects[f"{kind}s", "shop", "web"]["spec"]) == digest(done)


async def test_both_refuse_a_paused_one_and_one_without_a_history(server, context, actions, kubectl, web, made):
    made()
    undo = actions["rollout_undo"]
    code, _ = await kubectl("rollout", "undo", "deployment/web")
    assert code
    with pytest.raises(Exception, match="no earlier revision"):
        await undo.resolve(undo.parameters(**web), context)
    await kubectl("set", "image", "deployment/web", "app=example/web:2")
    await kubectl("rollout", "pause", "deployment/web")
    patches = len(server.of("PATCH"))
    code, complaints = await kubectl("rollout", "undo", "deployment/web")
    assert code
    assert "paused" in complaints
    with pytest.raises(Exception, match="is paused; resume"):
        await undo.resolve(undo.parameters(**web), context)
    assert len(server.of("PATCH")) == patches


async def test_both_skip_a_revision_that_is_the_present_one(server, context, actions, kubectl, web, made):
    made()
    await kubectl("set", "image", "deployment/web", "app=example/web:2")
    _, words = await kubectl("rollout", "undo", "deployment/web", "--to-revision=2")
    assert "skipped rollback" in words
    undo = actions["rollout_undo"]
    assert not (await undo.perform(undo.parameters(**web, revision=2), context)).changed
    assert len(server.of("PATCH")) == 1
