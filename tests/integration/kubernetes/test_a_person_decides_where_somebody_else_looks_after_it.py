import re
from datetime import timedelta

import pytest
from fakes.kubernetes_managers import note

KEEPERS = {
    "ArgoCD": ({"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web"}}, "Argo CD"),
    "Flux": ({"labels": {"app": "web", "kustomize.toolkit.fluxcd.io/name": "shop"}}, "Flux"),
    "Helm": ({"annotations": {"meta.helm.sh/release-name": "shop"}}, "next upgrade"),
    "operator": (
        {"ownerReferences": [{"kind": "Shop", "name": "web", "uid": "u", "controller": True}]}, "Shop/web .* its operator",
    ),
}  # fmt: skip
MANAGERS = {"ArgoCD": "argocd-controller", "Flux": "kustomize-controller", "Helm": "helm", "operator": "shop-operator"}
APP = {
    "env": [{"name": "A", "value": "a"}],
    "resources": {"limits": {"memory": "1Gi"}},
    "livenessProbe": {"httpGet": {"path": "/", "port": 80}, "timeoutSeconds": 5},
}
ALL, COUNTS, PODS = set(KEEPERS), {"ArgoCD", "Flux", "operator"}, {"operator"}
USES = {
    "rollout_restart": ({}, PODS),
    "pause_rollout": ({}, PODS),
    "scale": ({"replicas": 5}, COUNTS),
    "set_env": ({"set": {"A": "b"}, "container": "app"}, ALL),
    "set_image": ({"image": "example/web:2"}, ALL),
    "set_resources": ({"limits": {"memory": "x2"}}, ALL),
    "set_probe": ({"liveness": {"timeout_seconds": 10}}, ALL),
    "rollout_undo": ({}, ALL),
    "annotate": ({"set": {"new": "1"}}, PODS),
    "label": ({"set": {"app": "other"}}, ALL),
}


@pytest.fixture
def ask(context, actions, web):
    """Return a function that asks whether something speaks against an action."""

    async def ask(name, **more):
        action = actions[name]
        return await action.caution(action.parameters(**web, **{**USES[name][0], **more}), context)

    return ask


def present(server):
    return server.world.objects["deployments", "shop", "web"]


@pytest.mark.parametrize("name", USES)
async def test_where_nobody_does_nothing_speaks_against_it(ask, made, name):
    made(sidecar=False, **APP)
    assert await ask(name) == ""


@pytest.mark.parametrize("keeper", KEEPERS)
@pytest.mark.parametrize("name", USES)
async def test_who_would_put_it_back(server, ask, made, name, keeper):
    made(sidecar=False, **APP)
    marks, words = KEEPERS[keeper]
    present(server)["metadata"] |= marks
    said = await ask(name)
    if keeper in USES[name][1]:
        assert said
        assert re.search(words, said)
    else:
        assert said == ""


@pytest.mark.parametrize("keeper", MANAGERS)
async def test_who_writes_it_looks_after_it(server, ask, made, keeper):
    made(sidecar=False, **APP)
    note(present(server), MANAGERS[keeper], {"f:spec": {"f:replicas": {}}}, server.world.stamp())
    assert await ask("set_image")
    assert bool(await ask("scale")) == (keeper in COUNTS)
    present(server)["metadata"]["managedFields"][0]["subresource"] = "status"  # an autoscaler's or a controller's
    assert await ask("set_image") == ""


async def test_what_changes_nothing_needs_nobody(server, ask, made):
    made(sidecar=False, **APP)
    present(server)["metadata"] |= KEEPERS["ArgoCD"][0]
    assert await ask("set_env", set={"A": "a"}) == ""
    assert await ask("label", set={"app": "web"}) == ""


@pytest.fixture
async def rolling(server, context, actions, web, made):
    """Begin a rollout and go half-way; return a function that says who began it, some seconds ago."""
    made(sidecar=False, **APP)
    server.world.controllers = "manual"
    restart = actions["rollout_restart"]
    await restart.perform(restart.parameters(**web), context)

    def rolling(manager, ago=0.0, stages=2):
        for _ in range(stages):
            server.world.step("deployments", "shop", "web")
        if manager:
            fields = {"f:spec": {"f:template": {"f:spec": {}}}}
            note(present(server), manager, fields, (server.world.now - timedelta(seconds=ago)).strftime("%FT%TZ"))

    return rolling


@pytest.mark.parametrize("stages", [0, 1, 2])
@pytest.mark.parametrize("name", sorted(set(USES) - {"annotate", "label"}))
async def test_somebody_elses_rollout_is_named(server, ask, rolling, name, stages):
    present(server)["metadata"].pop("managedFields", None)
    rolling("ci-deployer", stages=stages)
    assert "a rollout of it is in progress, begun by ci-deployer" in await ask(name)
    server.world.finish("deployments", "shop", "web")
    assert await ask(name) == ""


async def test_our_own_rollout_is_no_reason(server, ask, rolling):
    rolling(None)
    assert await ask("set_image") == ""
    rolling("ci-deployer", ago=60, stages=0)  # older than what we began
    assert await ask("set_image") == ""


async def test_a_rollout_of_nobody_known_is_somebody_elses(server, ask, rolling):
    rolling(None)
    del present(server)["metadata"]["managedFields"]
    assert "whose name is not recorded" in await ask("rollout_restart")


async def test_scaling_is_no_rollout_nor_is_one_that_failed(server, context, ask, actions, rolling):
    rolling("ci-deployer")
    server.world.stall("deployments", "shop", "web")
    assert await ask("rollout_restart") == ""
    server.world.finish("deployments", "shop", "web")
    present(server)["status"] |= {"updatedReplicas": 1, "replicas": 1}
    assert await ask("rollout_restart") == ""


@pytest.mark.parametrize("kind", ["statefulset", "daemonset"])
async def test_of_the_other_kinds_too(server, context, actions, made, kind):
    made(kind, sidecar=False, **APP)
    server.world.controllers = "manual"
    p = {"kind": kind, "name": "web", "namespace": "shop"}
    image = actions["set_image"]
    await image.perform(image.parameters(**p, image="example/web:2"), context)
    server.world.step(f"{kind}s", "shop", "web")
    document = server.world.objects[f"{kind}s", "shop", "web"]
    restart = actions["rollout_restart"]
    assert await restart.caution(restart.parameters(**p), context) == ""
    document["metadata"]["managedFields"][0]["manager"] = "ci-deployer"
    assert "ci-deployer" in await restart.caution(restart.parameters(**p), context)


async def test_a_pause_by_somebody_else_is_not_lifted_without_a_person(server, context, actions, made, web):
    made(sidecar=False)
    pause, resume = actions["pause_rollout"], actions["resume_rollout"]
    await pause.perform(pause.parameters(**web), context)
    assert await resume.caution(resume.parameters(**web), context) == ""
    note(present(server), "kubectl-rollout", {"f:spec": {"f:paused": {}}}, server.world.stamp())
    assert "paused by kubectl-rollout" in await resume.caution(resume.parameters(**web), context)
    await resume.perform(resume.parameters(**web), context)
    assert await resume.caution(resume.parameters(**web), context) == ""


async def test_a_pods_labels_are_its_controllers_by_selection_only(server, context, actions, made):
    made()
    pod = server.world.of("pods", "shop")[0]["metadata"]["name"]
    p = actions["label"].parameters(kind="pod", name=pod, namespace="shop", set={"app": "aside"})
    assert await actions["label"].caution(p, context) == ""
