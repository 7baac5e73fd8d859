"""Each action from beginning to end as a service account that has only what `remediator rbac` prints for it."""

import asyncio
import json
import uuid

import pytest
from msgspec.structs import replace

from remediator.errors import ActionError, AmbiguousError, PermanentError

pytestmark = pytest.mark.cluster

IMAGE = "registry.k8s.io/pause:3.9"
WEB = {"kind": "deployment", "name": "web"}
APP = {
    "env": [{"name": "POOL", "value": "10"}],
    "resources": {"limits": {"memory": "64Mi"}, "requests": {"memory": "16Mi"}},
    "readinessProbe": {"exec": {"command": ["/pause", "-v"]}, "timeoutSeconds": 5},
}
POD = {"containers": [{"name": "app", "image": IMAGE}], "restartPolicy": "Never"}
JOB = {"spec": {"backoffLimit": 0, "template": {"spec": POD}}}
FLAGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "flags"}, "data": {"beta": "off"}}

#: Reads, each with what it is asked.
LOOKS = {
    "rollout_status": WEB, "describe_workload": WEB, "events": WEB, "rollout_history": WEB, "pods": WEB, "hpa": WEB,
    "network_policies": WEB, "top": WEB, "secret_age": {**WEB, "secret": "db"}, "config_map": {"name": "flags"},
    "endpoints": {"name": "web"},
}  # fmt: skip
#: Changes of a deployment; what is asked of it must be undone by the action itself.
EDITS = {
    "rollout_restart": {}, "scale": {"by": "+1"}, "pause_rollout": {}, "set_env": {"set": {"POOL": 20}},
    "set_image": {"image": "registry.k8s.io/pause:3.10"}, "set_resources": {"limits": {"memory": "x2"}},
    "set_probe": {"readiness": {"timeout_seconds": 9}}, "annotate": {"set": {"note": "1"}},
    "label": {"set": {"tier": "gold"}}, "rollout_undo": {},
}  # fmt: skip


def rule(place, verb, values, *, changes, target="deployment/web"):
    """Return a rule whose guide has this one step."""
    step = {f"kubernetes.{verb}": values}
    parts = {"remedies": [{"name": "one", "steps": [step]}]} if changes else {"diagnose": [{"id": "look", **step}]}
    at = f"kubernetes/default/{target}" if target.startswith("-/") else f"kubernetes/default/{place.namespace}/{target}"
    guide = {"summary": "one step", "target": at, **parts}
    rules = [{"name": "one", "match": "alertname=One", "guide": "one", "mode": "auto"}]
    return json.dumps({"rules": rules, "guides": {"one": guide}})  # JSON is YAML


async def known(place, call):
    """Call until the authorizer knows the rights, which it learns a moment after they were made."""

    async def tried():
        try:
            return (await call(),)
        except PermanentError as error:
            if "403" not in str(error):
                raise
            return ()

    found = await place.until(tried)
    return found[0] if found else await call()


async def through(place, context, verb, values):
    """Preview, resolve, perform, ask and undo; return what was performed."""
    action = place.action(verb)
    p = action.parameters(**values)
    await known(place, lambda: action.preview(p, context))
    if action.caution:
        await action.caution(p, context)
    intent = await action.resolve(p, context)
    assert await action.happened(intent, context) is False
    done = await action.perform(intent.parameters, context)
    assert done.changed
    assert await action.happened(intent, context) is True
    assert not (await action.perform(intent.parameters, context)).changed
    if action.undo:
        await action.undo(intent, context)
    return done


@pytest.mark.parametrize("verb", LOOKS)
async def test_looking(place, account, verb):
    await place.workload("deployment", replicas=1)
    await place.create("secret", {"metadata": {"name": "db"}, "stringData": {"password": "hunter2"}})
    await place.create("configmap", FLAGS)
    await place.create("service", {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}})
    values = {"namespace": place.namespace, **LOOKS[verb]}
    _, _, context = await account(rule(place, verb, values, changes=False))
    action = place.action(verb)
    await known(place, lambda: action.perform(action.parameters(**values), context))


async def test_looking_at_logs(place, account):
    await place.workload("deployment", replicas=1)
    values = {"namespace": place.namespace, **WEB}
    _, _, context = await account(rule(place, "logs", values, changes=False))
    action = place.action("logs")
    try:
        await known(place, lambda: action.perform(action.parameters(**values), context))
    except ActionError as error:  # a simulated kubelet has none; but the right is there
        assert "403" not in str(error)  # noqa: PT017 -- both ends are right


@pytest.mark.parametrize("requested", [True, False])
async def test_looking_at_nodes(place, account, requested):
    values = {"requested": requested}
    _, _, context = await account(rule(place, "nodes", values, changes=False))
    action = place.action("nodes")
    await known(place, lambda: action.perform(action.parameters(**values), context))


@pytest.mark.parametrize("verb", EDITS)
async def test_editing(place, account, verb):
    await place.workload("deployment", replicas=1, **APP)
    if verb == "rollout_undo":
        await place.perform("set_image", **WEB, image="registry.k8s.io/pause:3.10")
        assert (await place.settled("deployment")).holds
    values = {"namespace": place.namespace, **WEB, **EDITS[verb]}
    _, _, context = await account(rule(place, verb, values, changes=True))
    await through(place, context, verb, values)


async def test_resuming(place, account):
    await place.workload("deployment", replicas=1)
    await place.perform("pause_rollout", **WEB)
    values = {"namespace": place.namespace, **WEB}
    _, _, context = await account(rule(place, "resume_rollout", values, changes=True))
    await through(place, context, "resume_rollout", values)


async def test_scaling_through_an_autoscaler(place, account):
    await place.workload("deployment", replicas=1)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    await place.create("autoscaler", {"metadata": {"name": "web"}, "spec": {"scaleTargetRef": target, "maxReplicas": 2}})
    values = {"namespace": place.namespace, **WEB, "by": "+1", "max": 4, "autoscaler": "bounds"}
    _, _, context = await account(rule(place, "scale", values, changes=True))
    await through(place, context, "scale", values)


@pytest.mark.parametrize("verb", ["scale_all", "restart_all"])
async def test_a_whole_namespace(place, account, verb):
    await place.workload("deployment", replicas=1)
    await place.workload("statefulset", name="db", replicas=1)
    values = {"namespace": place.namespace, "wait": "90s", **({"replicas": 2} if verb == "scale_all" else {})}
    _, _, context = await account(rule(place, verb, values, changes=True, target="*").replace("/*", ""))
    await through(place, context, verb, values)


@pytest.mark.parametrize("how", ["by name", "by labels", "the worst"])
async def test_deleting_a_pod(place, account, how):
    await place.workload("deployment", replicas=1)
    (pod,) = await place.running(1)
    values, target = {
        "by name": ({"pod": pod["metadata"]["name"]}, f"pod/{pod['metadata']['name']}"),
        "by labels": ({"labels": {"app": "web"}}, "*"),
        "the worst": (WEB, "deployment/web"),
    }[how]
    values = {"namespace": place.namespace, **values}
    _, _, context = await account(rule(place, "delete_pod", values, changes=True, target=target).replace("/*", ""))
    if how == "the worst":  # nothing has restarted here, and the API says so: all was read that it takes to know
        action = place.action("delete_pod")
        with pytest.raises(PermanentError, match="no running pod that has restarted"):
            await known(place, lambda: action.resolve(action.parameters(**values), context))
        return
    await through(place, context, "delete_pod", values)


async def test_emptying_a_node(place, account, node):
    spec = {"nodeName": node, "containers": [{"name": "app", "image": IMAGE}], "terminationGracePeriodSeconds": 0,
            "tolerations": [{"operator": "Exists"}]}  # fmt: skip
    await place.create("pod", {"metadata": {"name": "one"}, "spec": spec})
    values = {"node": node, "unmanaged": True, "grace_period": 0, "within": "30s"}
    _, _, context = await account(rule(place, "drain", values, changes=True, target=f"-/node/{node}"))
    assert (await through(place, context, "drain", values)).evicted == 1


@pytest.mark.parametrize("verb", ["cordon", "uncordon"])
async def test_cordoning(place, account, node, verb):
    if verb == "uncordon":
        action = place.action("cordon")
        await action.perform(action.parameters(node=node), place.context)
    _, _, context = await account(rule(place, verb, {"node": node}, changes=True, target=f"-/node/{node}"))
    await through(place, context, verb, {"node": node})


async def test_applying(place, account):
    values = {"namespace": place.namespace, "manifest": FLAGS}
    _, _, context = await account(rule(place, "apply", values, changes=True, target="configmap/flags"))
    await through(place, context, "apply", values)


@pytest.mark.parametrize("cron", [True, False])
async def test_running_a_job(place, account, cron):
    await place.create("cronjob", {"metadata": {"name": "nightly"}, "spec": {"schedule": "0 3 1 1 *", "jobTemplate": JOB}})
    what = {"cron_job": "nightly"} if cron else {"name": "once", "template": JOB}
    values = {"namespace": place.namespace, **what, "wait": "20s"}
    target = "cronjob/nightly" if cron else "job/once"
    _, _, context = await account(rule(place, "run_job", values, changes=True, target=target))
    context = replace(context, key=uuid.uuid4().hex)
    action = place.action("run_job")
    p = action.parameters(**values)
    await known(place, lambda: action.preview(p, context))
    intent = await action.resolve(p, context)
    try:
        assert (await action.perform(intent.parameters, context)).succeeded == 1
    except AmbiguousError as error:
        assert "it runs on" in str(error)  # noqa: PT017 -- a simulated kubelet need not end it
    except ActionError as error:  # its logs are read at the end
        assert "/log" in str(error)  # noqa: PT017 -- which error it is counts
        assert "403" not in str(error)  # noqa: PT017 -- which error it is counts


async def test_renewing_a_certificate(place, account, cert_manager):
    where = f"/apis/cert-manager.io/v1/namespaces/{place.namespace}/certificates"
    spec = {"secretName": "web-tls", "dnsNames": ["shop.example"], "issuerRef": {"name": "nobody"}}
    await place.api.request("POST", where, body={
        "apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "web"}, "spec": spec,
    })  # fmt: skip
    values = {"namespace": place.namespace, "name": "web"}
    _, _, context = await account(rule(place, "renew_certificate", values, changes=True, target="certificate/web"))
    if cert_manager == "theirs":
        await asyncio.sleep(1)  # it may be at it itself: whether we are refused is another scenario's
    await through(place, context, "renew_certificate", values)
    action = place.action("certificate")
    values = {"namespace": place.namespace, "name": "web"}
    assert (await action.perform(action.parameters(**values), place.context)).exists
