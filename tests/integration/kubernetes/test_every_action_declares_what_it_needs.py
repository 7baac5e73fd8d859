import pytest
from fakes.kubernetes_paths import address, verb_of
from fakes.kubernetes_world import VERSIONS

from remediator.actions import registry

WORKLOAD = {"kind": "deployment", "name": "web", "namespace": "shop"}
USES = {
    "rollout_restart": WORKLOAD,
    "rollout_status": WORKLOAD,
    "scale": {**WORKLOAD, "by": "+1"},
    "describe_workload": WORKLOAD,
    "logs": WORKLOAD,
    "events": WORKLOAD,
    "rollout_undo": WORKLOAD,
    "pause_rollout": WORKLOAD,
    "resume_rollout": WORKLOAD,
    "set_env": {**WORKLOAD, "set": {"API_TOKEN": "new"}, "container": "app"},
    "set_image": {**WORKLOAD, "image": "example/web:3", "container": "app"},
    "set_resources": {**WORKLOAD, "limits": {"memory": "x2"}, "container": "app"},
    "set_probe": {**WORKLOAD, "liveness": {"timeout_seconds": 10}, "container": "app"},
    "annotate": {**WORKLOAD, "set": {"note": "1"}},
    "label": {**WORKLOAD, "set": {"tier": "gold"}},
}
CHANGES = {name for name, uses in USES.items() if uses is not WORKLOAD} | {
    "rollout_restart", "rollout_undo", "pause_rollout", "resume_rollout",
}  # fmt: skip
ONLY = {"scale": ("deployment", "statefulset"), "pause_rollout": ("deployment",), "resume_rollout": ("deployment",)}
APP = {
    "env": [{"name": "API_TOKEN", "value": "old"}],
    "resources": {"limits": {"memory": "1Gi"}},
    "livenessProbe": {"httpGet": {"path": "/", "port": 80}, "timeoutSeconds": 5},
}


def rights(seen):
    """Return what a request needs, in the words of a role."""
    at = address(seen.path)
    return verb_of(seen.method, seen.query, at), at.full, VERSIONS[at.resource].rpartition("/")[0], at.namespace


def test_the_registry_finds_them():
    assert set(registry.of_system("kubernetes")) >= {f"kubernetes.{name}" for name in USES}
    assert registry.connection_model("kubernetes").__name__ == "Connection"


KINDS = ("deployment", "statefulset", "daemonset")
CASES = [(name, kind) for name in USES for kind in ONLY.get(name, KINDS)]


@pytest.mark.parametrize(("name", "kind"), CASES)
async def test_its_permissions_are_those_it_uses(server, context, actions, made, name, kind):
    action = actions[name]
    made(kind, **APP)
    if name == "rollout_undo":
        image = actions["set_image"]
        await image.perform(image.parameters(**{**USES["set_image"], "kind": kind}), context)
        server.requests.clear()
    if name == "resume_rollout":
        server.world.objects["deployments", "shop", "web"]["spec"]["paused"] = True
    p = action.parameters(**{**USES[name], "kind": kind})
    if action.changes:
        intent = await action.resolve(p, context)
        await action.preview(p, context)
        await action.happened(intent, context)
        await action.caution(p, context)
        p = intent.parameters
    await action.perform(p, context)
    if action.undo:
        await action.undo(intent, context)
    used = {rights(seen) for seen in server.requests}
    declared = {(right.verb, right.resource, right.group, right.namespace) for right in action.permissions(p)}
    assert used == declared


@pytest.mark.parametrize("name", USES)
def test_its_backend_and_targets(actions, name):
    action = actions[name]
    p = action.parameters(**USES[name], connection="prod")
    assert action.backend(p) == "kubernetes/prod"
    assert action.targets(p) == (("kubernetes/prod/shop/deployment/web",) if action.changes else ())
    assert action.changes == (name in CHANGES)
    assert bool(action.resolve and action.happened and action.preview and action.caution) == action.changes


def test_only_undoing_a_rollout_is_always_for_a_person(actions):
    assert {name for name, action in actions.items() if action.needs_approval} >= {"rollout_undo"}
    assert not any(actions[name].needs_approval for name in CHANGES - {"rollout_undo"})


def test_a_pods_log_and_a_namespaces_events_need_less(actions):
    logs, events = actions["logs"], actions["events"]
    pod = logs.permissions(logs.parameters(name="web-1", namespace="shop"))
    assert {right.resource for right in pod} == {"pods", "pods/log"}
    assert {right.resource for right in events.permissions(events.parameters(namespace="shop"))} == {"events"}
