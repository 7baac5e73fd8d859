import pytest
from fakes.kubernetes_looks import METRICS, certificate, measure, node, revision, secret, service
from fakes.kubernetes_paths import address, verb_of
from fakes.kubernetes_world import VERSIONS

STORED = {stored: shown for shown, stored in METRICS.items()}
KINDS = ("deployment", "statefulset", "daemonset")
WEB = {"name": "web", "namespace": "shop"}
USES = [
    *[(name, {"kind": kind, **WEB}) for kind in KINDS for name in (
        "rollout_history", "pods", "top", "network_policies", "logs", "security",
    )],
    *[("secret_age", {"kind": kind, **WEB, "secret": "db"}) for kind in KINDS],
    *[(name, {"kind": kind, **WEB, "command": "ping"}) for kind in KINDS for name in ("exec", "exec_change")],
    ("hpa", {"kind": "deployment", **WEB}),
    ("pods", {"namespace": "shop"}), ("pods", {"all_namespaces": True}), ("pods", {"namespace": "shop", "selector": "app=web"}),
    ("pods", {"kind": "pod", "name": "web-0", "namespace": "shop"}),
    ("top", {"namespace": "shop", "nodes": True}), ("top", {"all_namespaces": True}),
    ("top", {"kind": "pod", "name": "web-0", "namespace": "shop"}),
    ("network_policies", {"kind": "pod", "name": "web-0", "namespace": "shop"}),
    ("exec", {"name": "web-0", "namespace": "shop", "command": "ping"}),
    ("logs", {"namespace": "shop", "selector": "app=web"}), ("logs", {"name": "web-0", "namespace": "shop", "all_containers": True}),
    ("nodes", {}), ("nodes", {"requested": False}), ("nodes", {"name": "node-1"}),
    ("endpoints", WEB), ("certificate", WEB), ("config_map", WEB),
]  # fmt: skip


def rights(seen):
    """Return what a request needs, in the words of a role."""
    at = address(seen.path)
    full = at.full.replace(at.resource, STORED.get(at.resource, at.resource), 1)
    return verb_of(seen.method, seen.query, at), full, VERSIONS[at.resource].rpartition("/")[0], at.namespace


@pytest.mark.parametrize(("name", "values"), USES, ids=lambda value: value if isinstance(value, str) else "")
async def test_its_permissions_are_those_it_uses(server, connect, actions, name, values):
    context = connect(server, exec={"ping": {"argv": ["ping"], "read_only": True}})
    workload = server.world.workload(values.get("kind", "statefulset").replace("pod", "statefulset"), "web")
    revision(server.world, workload, 7, "example/web:7")
    node(server.world, "node-1")
    service(server.world, "web")
    secret(server.world, "db")
    certificate(server.world, "web")
    server.world.put("configmaps", {"metadata": dict(WEB)})
    measure(server.world)
    action = actions[name]
    p = action.parameters(**values)
    if action.changes:
        await action.preview(p, context)
        p = (await action.resolve(p, context)).parameters
    await action.perform(p, context)
    used = {rights(seen) for seen in server.requests}
    declared = {(right.verb, right.resource, right.group, right.namespace) for right in action.permissions(p)}
    # A WebSocket is a GET; newer API servers ask for the right to create as well.
    unseen = {right for right in declared if right[:2] == ("create", "pods/exec")}
    assert used == declared - unseen
    assert bool(unseen) == ("exec" in name)


def test_all_but_one_only_look(actions):
    looks = {name for name, _ in USES} - {"exec_change"}
    assert not any(actions[name].changes for name in looks)
    assert actions["exec_change"].changes


@pytest.mark.parametrize(("name", "values"), USES, ids=lambda value: value if isinstance(value, str) else "")
def test_its_backend_is_its_cluster(actions, name, values):
    action = actions[name]
    assert action.backend(action.parameters(**values, connection="prod")) == "kubernetes/prod"
