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
}


def rights(seen):
    """Return what a request needs, in the words of a role."""
    at = address(seen.path)
    return verb_of(seen.method, seen.query, at), at.full, VERSIONS[at.resource].rpartition("/")[0], at.namespace


def test_the_registry_finds_them():
    assert set(registry.of_system("kubernetes")) >= {f"kubernetes.{name}" for name in USES}
    assert registry.connection_model("kubernetes").__name__ == "Connection"


KINDS = ("deployment", "statefulset", "daemonset")
CASES = [(name, kind) for name in USES for kind in KINDS if (name, kind) != ("scale", "daemonset")]


@pytest.mark.parametrize(("name", "kind"), CASES)
async def test_its_permissions_are_those_it_uses(server, context, actions, name, kind):
    action = actions[name]
    server.world.workload(kind, "web")
    p = action.parameters(**{**USES[name], "kind": kind})
    if action.changes:
        intent = await action.resolve(p, context)
        await action.preview(p, context)
        await action.happened(intent, context)
        if action.caution:
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
    assert action.changes == (name in {"rollout_restart", "scale"})
    assert bool(action.resolve and action.happened and action.preview) == action.changes


def test_a_pods_log_and_a_namespaces_events_need_less(actions):
    logs, events = actions["logs"], actions["events"]
    pod = logs.permissions(logs.parameters(name="web-1", namespace="shop"))
    assert {right.resource for right in pod} == {"pods", "pods/log"}
    assert {right.resource for right in events.permissions(events.parameters(namespace="shop"))} == {"events"}
