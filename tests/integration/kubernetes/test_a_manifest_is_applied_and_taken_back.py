import copy

import pytest
from fakes.kubernetes_managers import note

from remediator.errors import AmbiguousError, PermanentError


@pytest.fixture
def apply(actions):
    return actions["apply"]


def flags(**data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "flags"}, "data": data}


def found(server, resource="configmaps", name="flags"):
    return server.world.objects.get((resource, "shop", name))


@pytest.fixture
def there(server):
    """A ConfigMap of which somebody owns ``alpha``."""
    server.world.put("configmaps", {"metadata": {"name": "flags", "namespace": "shop"}, "data": {"alpha": "on", "beta": "on"}})
    note(found(server), "kubectl", {"f:data": {"f:alpha": {}}}, server.world.stamp())
    return found(server)


async def test_as_our_own_manager(server, context, apply):
    done = await apply.perform(apply.parameters(namespace="shop", manifest=flags(beta="off")), context)
    (patch,) = server.of("PATCH")
    assert patch.path == "/api/v1/namespaces/shop/configmaps/flags"
    assert patch.media == "application/apply-patch+yaml"
    assert patch.query == {"fieldManager": "remediator", "fieldValidation": "Strict", "force": "false"}
    assert patch.json == {**flags(beta="off"), "metadata": {"name": "flags", "namespace": "shop"}}
    assert (done.created, done.changed) == (True, True)
    again = await apply.perform(apply.parameters(namespace="shop", manifest=flags(beta="off")), context)
    assert (again.created, again.changed) == (False, False)


async def test_what_others_own_is_a_conflict(server, context, apply, there):
    p = apply.parameters(namespace="shop", manifest=flags(alpha="off"))
    before = copy.deepcopy(found(server))
    for call in (apply.perform, apply.resolve, apply.preview):
        with pytest.raises(PermanentError, match=r'others own .*force: true.*conflict with "kubectl" using v1: .data.alpha'):
            await call(p, context)
    assert found(server) == before
    assert (await apply.perform(apply.parameters(namespace="shop", manifest=flags(alpha="off"), force=True), context)).changed
    assert found(server)["data"]["alpha"] == "off"


async def test_the_preview_shows_the_difference(server, context, apply, there):
    shown = await apply.preview(apply.parameters(namespace="shop", manifest=flags(beta="off", gamma="1")), context)
    assert shown.splitlines()[2:] == ["@@ data @@", "-beta: on", "+beta: off", "+gamma: 1"]
    assert found(server)["data"] == {"alpha": "on", "beta": "on"}


async def test_undo_puts_each_field_back(server, context, apply, there):
    p = apply.parameters(namespace="shop", manifest=flags(beta="off", gamma="1"))
    intent = await apply.resolve(p, context)
    assert intent.before["changes"] == [[["data", "beta"], "on", "off"], [["data", "gamma"], None, "1"]]
    await apply.perform(intent.parameters, context)
    found(server)["data"]["delta"] = "somebody else's"  # beside ours, so it stays
    assert (await apply.undo(intent, context)).changed
    assert found(server)["data"] == {"alpha": "on", "beta": "on", "delta": "somebody else's"}
    assert not (await apply.undo(intent, context)).changed


async def test_undo_refuses_what_somebody_changed_since(server, context, apply, there):
    intent = await apply.resolve(apply.parameters(namespace="shop", manifest=flags(beta="off")), context)
    await apply.perform(intent.parameters, context)
    found(server)["data"]["beta"] = "maybe"
    with pytest.raises(PermanentError, match=r"configmap shop/flags: somebody changed data\.beta since"):
        await apply.undo(intent, context)
    assert await apply.happened(intent, context) is None


async def test_undo_removes_what_was_created_if_nobody_touched_it(server, context, apply):
    intent = await apply.resolve(apply.parameters(namespace="shop", manifest=flags(beta="off")), context)
    await apply.perform(intent.parameters, context)
    uid, version = (found(server)["metadata"][key] for key in ("uid", "resourceVersion"))
    await apply.undo(intent, context)
    (delete,) = server.of("DELETE")
    assert delete.json["preconditions"] == {"uid": uid, "resourceVersion": version}
    assert found(server) is None


async def test_but_not_what_others_wrote_to(server, context, apply):
    intent = await apply.resolve(apply.parameters(namespace="shop", manifest=flags(beta="off")), context)
    await apply.perform(intent.parameters, context)
    note(found(server), "kubectl", {"f:data": {"f:more": {}}}, server.world.stamp())
    with pytest.raises(PermanentError, match="kubectl changed it since; it is not removed"):
        await apply.undo(intent, context)
    assert found(server)


async def test_undo_of_what_is_gone(server, context, apply, there):
    intent = await apply.resolve(apply.parameters(namespace="shop", manifest=flags(beta="off")), context)
    await apply.perform(intent.parameters, context)
    server.world.remove(("configmaps", "shop", "flags"))
    with pytest.raises(PermanentError, match="is not there any more"):
        await apply.undo(intent, context)


async def test_a_lost_answer_is_told_by_the_fields(server, context, apply, there):
    intent = await apply.resolve(apply.parameters(namespace="shop", manifest=flags(beta="off")), context)
    assert await apply.happened(intent, context) is False
    server.drop("patch", "configmaps", applied=True, times=1)
    with pytest.raises(AmbiguousError):
        await apply.perform(intent.parameters, context)
    assert await apply.happened(intent, context) is True


async def test_a_deployment_is_applied_below_its_group(server, context, apply):
    server.world.workload("deployment", "web", replicas=2)
    manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 4}}
    p = apply.parameters(namespace="shop", manifest=manifest)
    intent = await apply.resolve(p, context)
    assert (await apply.perform(intent.parameters, context)).generation == 2
    assert found(server, "deployments", "web")["spec"]["replicas"] == 4
    await apply.undo(intent, context)
    assert found(server, "deployments", "web")["spec"]["replicas"] == 2
    assert apply.targets(p) == ("kubernetes/default/shop/deployment/web",)
    assert apply.amounts(p) == {"replicas": 4}


async def test_who_looks_after_it_is_told(server, context, apply, there):
    there["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": "x"}
    p = apply.parameters(namespace="shop", manifest=flags(beta="off"))
    assert "Argo CD" in await apply.caution(p, context)


def test_what_it_needs_follows_from_the_kind(apply):
    policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "deny"}, "spec": {}}
    p = apply.parameters(namespace="shop", manifest=policy)
    assert {(right.resource, right.group) for right in apply.permissions(p)} == {("networkpolicies", "networking.k8s.io")}
    gateway = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "in"}}
    p = apply.parameters(namespace="shop", manifest=gateway, resource="gateways")
    assert {right.resource for right in apply.permissions(p)} == {"gateways"}


def test_a_containers_resources_can_be_bounded(apply):
    container = {"name": "app", "resources": {"limits": {"memory": "2Gi", "cpu": "500m"}, "requests": {"memory": "1Gi"}}}
    manifest = {
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
        "spec": {"replicas": 3, "template": {"spec": {"containers": [container]}}},
    }  # fmt: skip
    assert apply.amounts(apply.parameters(namespace="shop", manifest=manifest)) == {"replicas": 3, "memory": 2 * 2**30, "cpu": 0.5}


NAMED = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}


@pytest.mark.parametrize(
    "manifest",
    [
        {}, {**NAMED, "kind": "Secret"}, {**NAMED, "kind": "../Secret"}, {**NAMED, "apiVersion": "v1/../.."},
        {**NAMED, "apiVersion": "apps/v1/x"}, {**NAMED, "metadata": {"name": "a/b"}}, {**NAMED, "metadata": {"name": ".."}},
        {**NAMED, "metadata": {"generateName": "a"}}, {**NAMED, "metadata": {"name": "a", "namespace": "kube-system"}},
        {**NAMED, "metadata": {"name": "a", "resourceVersion": "1"}}, {**NAMED, "status": {}}, {**NAMED, "data": {"a": "b" * 70_000}},
        {**NAMED, "kind": "ConfigMapList", "items": []}, {**NAMED, "data": {"a": {1, 2}}}, {**NAMED, "metadata": {"name": "a\n"}},
    ],
)  # fmt: skip
def test_what_is_no_manifest_is_refused(apply, manifest):
    with pytest.raises(ValueError, match="validation error"):
        apply.parameters(namespace="shop", manifest=manifest)


async def test_a_field_that_the_kind_does_not_have_will_never_be_right(server, context, apply):
    words = "failed to create typed patch object (shop/flags; /v1, Kind=ConfigMap): .dta: field not declared in schema"
    server.fail("patch", "configmaps", status=500, message=words)
    with pytest.raises(PermanentError, match=r"\.dta: field not declared in schema"):
        await apply.preview(apply.parameters(namespace="shop", manifest=flags(beta="off")), context)
