"""Every changing action once from beginning to end: what it asks for is what it declares, and its intent survives the journal."""

import pytest
from fakes.kubernetes_changes import cron_job, request_for, restarted
from fakes.kubernetes_looks import certificate, measure, node
from fakes.kubernetes_paths import address, verb_of
from fakes.kubernetes_world import VERSIONS

from remediator.core.action import Intent

WORKLOAD = {"kind": "deployment", "name": "web", "namespace": "shop"}
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "flags"}, "data": {"beta": "off"}}
JOB = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "example/job:1"}], "restartPolicy": "Never"}}}}
USES = [
    ("delete_pod", WORKLOAD, "kubernetes/default/shop/deployment/web", {"pods": 1}),
    ("delete_pod", {**WORKLOAD, "worst": "memory"}, "kubernetes/default/shop/deployment/web", {"pods": 1}),
    ("delete_pod", {**WORKLOAD, "kind": "statefulset"}, "kubernetes/default/shop/statefulset/web", {"pods": 1}),
    ("delete_pod", {"namespace": "shop", "labels": {"app": "web"}, "count": 4}, "kubernetes/default/shop", {"pods": 4}),
    ("delete_pod", {"namespace": "shop", "pod": "web-0"}, "kubernetes/default/shop/pod/web-0", {"pods": 1}),
    ("cordon", {"node": "n1"}, "kubernetes/default/-/node/n1", {"nodes": 1}),
    ("uncordon", {"node": "n2"}, "kubernetes/default/-/node/n2", {"nodes": 1}),
    ("drain", {"node": "n1", "max_pods": 9}, "kubernetes/default/-/node/n1", {"nodes": 1, "pods": 9}),
    ("run_job", {"namespace": "shop", "cron_job": "nightly"}, "kubernetes/default/shop/cronjob/nightly", {}),
    ("run_job", {"namespace": "shop", "name": "once", "template": JOB}, "kubernetes/default/shop/job/once", {}),
    ("apply", {"namespace": "shop", "manifest": CONFIG}, "kubernetes/default/shop/configmap/flags", {}),
    ("scale", {**WORKLOAD, "by": "+1", "autoscaler": "bounds"}, "kubernetes/default/shop/deployment/web", {"replicas": 3}),
    ("scale_all", {"namespace": "shop", "replicas": 0}, "kubernetes/default/shop", {"replicas": 0}),
    ("restart_all", {"namespace": "shop"}, "kubernetes/default/shop", {}),
    ("renew_certificate", {"namespace": "shop", "name": "web"}, "kubernetes/default/shop/certificate/web", {}),
]


def rights(seen):
    at = address(seen.path)
    resource = at.full.replace("podmetrics", "pods")
    return verb_of(seen.method, seen.query, at), resource, VERSIONS[at.resource].rpartition("/")[0], at.namespace


@pytest.fixture
def site(server):
    world = server.world
    for kind in ("deployment", "statefulset"):
        world.workload(kind, "web")
    world.workload("daemonset", "agent")
    for pod in world.of("pods", "shop"):
        restarted(world, pod, 3)
        pod["spec"]["nodeName"] = "n1"
    for name in ("n1", "n2"):
        node(world, name)
    world.objects["nodes", "", "n2"]["spec"]["unschedulable"] = True
    cron_job(world, "nightly")
    certificate(world, "web")
    request_for(world, "web", ago=40 * 86_400)
    measure(world)
    return world


@pytest.mark.parametrize("use", USES, ids=lambda use: f"{use[0]}-{'-'.join(use[1])}")
async def test_from_beginning_to_end(server, context, actions, site, use):
    name, values, target, amounts = use
    action = actions[name]
    if values.get("autoscaler"):
        site.autoscaler("web-hpa", "Deployment", "web")
    p = action.parameters(**values)
    intent = await action.resolve(p, context)
    await action.preview(p, context)
    assert await action.happened(intent, context) is False
    if action.caution:
        assert await action.caution(p, context) == ""
    seen = len([one for one in server.requests if one.method != "GET" and "dryRun" not in one.query])
    assert seen == 0  # until here it has only looked

    journalled = Intent(action.parameters.model_validate(intent.parameters.model_dump(mode="json")), intent.before)
    assert journalled.parameters == intent.parameters
    assert (await action.perform(journalled.parameters, context)).changed
    assert await action.happened(journalled, context) is True
    assert not (await action.perform(journalled.parameters, context)).changed
    if action.undo:
        assert (await action.undo(journalled, context)).changed
        assert not (await action.undo(journalled, context)).changed

    declared = {(right.verb, right.resource, right.group, right.namespace) for right in action.permissions(p)}
    used = {rights(one) for one in server.requests}
    # What the server itself asks for when an apply creates; what bounds need where there is no autoscaler.
    extra = {"apply": {("create", "configmaps", "", "shop")}, "scale": {("patch", "deployments/scale", "apps", "shop")}}
    extra["scale_all"] = {("list", "resourcequotas", "", "shop")}  # asked when there are more pods afterwards
    if name == "drain":  # a node's pods may be anywhere
        used = {(verb, resource, group, "") for verb, resource, group, _ in used}
    assert used | extra.get(name, set()) == declared
    assert action.targets(intent.parameters) == (target,)
    assert action.amounts(intent.parameters) == amounts
    assert action.backend(p) == "kubernetes/default"
    assert action.idempotent(intent.parameters)


def test_a_whole_namespace_is_scaled_by_a_person(actions):
    assert actions["scale_all"].needs_approval
    assert not actions["scale"].needs_approval
