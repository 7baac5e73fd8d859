import contextlib
import copy
import json
import os
import random

import pytest
from fakes.kubernetes_looks import METRICS, certificate, measure, node, secret, service

from remediator.errors import ActionError

PLACES = int(os.environ.get("STRANGE_PLACES", "8"))  #: of an answer that are spoilt, one at a time
JUNK = (None, [], {}, "x", -1, 1.5, True, [None, 3, "x", {}], {"x": {"x": []}}, "9" * 5000, 10**30)
APP = {
    "env": [{"name": "A", "value": "a"}],
    "resources": {"limits": {"memory": "1Gi"}},
    "livenessProbe": {"httpGet": {"path": "/", "port": 80}, "timeoutSeconds": 5},
}
USES = {
    "rollout_restart": {"kind": "deployment", "name": "web"},
    "rollout_status": {"kind": "deployment", "name": "web"},
    "scale": {"kind": "deployment", "name": "web", "by": "+1"},
    "describe_workload": {"kind": "deployment", "name": "web"},
    "logs": {"kind": "deployment", "name": "web"},
    "events": {"kind": "deployment", "name": "web"},
    "rollout_undo": {"kind": "deployment", "name": "web"},
    "pause_rollout": {"kind": "deployment", "name": "web"},
    "resume_rollout": {"kind": "deployment", "name": "web"},
    "set_env": {"kind": "deployment", "name": "web", "set": {"A": "b"}},
    "set_image": {"kind": "deployment", "name": "web", "image": "example/web:2"},
    "set_resources": {"kind": "deployment", "name": "web", "limits": {"memory": "x2"}},
    "set_probe": {"kind": "deployment", "name": "web", "liveness": {"timeout_seconds": 10}},
    "annotate": {"kind": "deployment", "name": "web", "set": {"note": "1"}, "on": "both"},
    "label": {"kind": "deployment", "name": "web", "set": {"tier": "gold"}, "on": "both"},
    "rollout_history": {"kind": "deployment", "name": "web"},
    "pods": {"kind": "deployment", "name": "web"},
    "top": {"kind": "deployment", "name": "web", "nodes": True},
    "endpoints": {"name": "web"},
    "network_policies": {"kind": "deployment", "name": "web"},
    "hpa": {"kind": "deployment", "name": "web"},
    "certificate": {"name": "web"},
    "secret_age": {"kind": "deployment", "name": "web", "secret": "db"},
    "security": {"kind": "deployment", "name": "web"},
    "config_map": {"name": "web", "keys": ["a"]},
    "exec": {"kind": "deployment", "name": "web", "command": "ping"},
    "nodes": {},
}
NAMES = {name: {} if name == "nodes" else {"namespace": "shop"} for name in USES}


def places(document, place=()):
    """Yield the place of everything in a document, itself included."""
    yield place
    children = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in children if isinstance(document, (dict, list)) else ():
        if isinstance(value, (dict, list)):
            yield from places(value, (*place, key))
        else:
            yield (*place, key)


def spoilt(document, place, junk):
    """Return the document with junk at one place."""
    if not place:
        return junk
    document = copy.deepcopy(document)
    inner = document
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = junk
    return document


def answers(server):
    """Return what each read would be answered with."""
    world = server.world
    web = world.objects["deployments", "shop", "web"]
    scale = {"kind": "Scale", "metadata": {"resourceVersion": "1"}, "spec": {"replicas": 2}}
    found = {("get", "deployments"): web, ("get", "deployments/scale"): scale}
    for resource in ("replicasets", "pods", "horizontalpodautoscalers", "events"):
        found["list", resource] = {"kind": "List", "metadata": {}, "items": world.of(resource, "shop")}
    for resource in ("endpointslices", "networkpolicies", "nodes", "podmetrics", "nodemetrics"):
        found["list", resource] = {"kind": "List", "metadata": {}, "items": world.of(resource)}
    for resource in ("services", "secrets", "configmaps", "certificates"):
        found["get", resource] = next(iter(world.of(resource, "shop")), {})
    return copy.deepcopy(found)


def furnish(world, scaled):
    """Add what the looking actions ask for."""
    node(world, "node-1", DiskPressure="True")["spec"]["taints"] = [{"key": "a", "value": "b", "effect": "NoSchedule"}]
    for pod in world.of("pods", "shop"):
        pod["spec"] |= {"nodeName": "node-1", "initContainers": [{"name": "i", "resources": {"requests": {"cpu": "1"}}}]}
        pod["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1"}, "limits": {"cpu": "1", "memory": "1Gi"}}
        pod["status"]["containerStatuses"][0]["lastState"] = {"terminated": {"exitCode": 1, "reason": "Error"}}
    world.autoscaler("web-hpa", "Deployment", scaled)["status"] = {"conditions": [{"type": "AbleToScale", "status": "False"}]}
    service(world, "web")
    secret(world, "db", ("helm", 10))
    certificate(world, "web")
    measure(world)
    meta = {"name": "web", "namespace": "shop"}
    world.put("configmaps", {"metadata": meta, "data": {"a": "1"}})
    rule = {"from": [{"podSelector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}}], "ports": [{"port": 1}]}
    peer = {"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]}
    spec = {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"], "ingress": [rule], "egress": [peer]}
    world.put("networkpolicies", {"metadata": meta, "spec": spec})


def stored(right):
    return METRICS[right.resource] if right.group == "metrics.k8s.io" else right.resource


@pytest.mark.parametrize("name", USES)
async def test_whatever_stands_anywhere_in_it(server, connect, actions, made, name):
    context = connect(server, exec={"ping": {"argv": ["ping"], "read_only": True}})
    made(sidecar=False, **APP)
    image = actions["set_image"]
    await image.perform(image.parameters(namespace="shop", **USES["set_image"] | {"image": "example/web:3"}), context)
    server.world.autoscaler("other-hpa", "Deployment", "other")
    server.world.event("Deployment/web", "ScalingReplicaSet")
    furnish(server.world, "web" if name == "hpa" else "another")  # what is autoscaled is not scaled
    action, chance = actions[name], random.Random(name)
    p = action.parameters(**NAMES[name], **USES[name])
    intent = await action.resolve(p, context) if action.resolve else None
    await (action.preview or action.perform)(p, context)  # shows that only the junk can be to blame
    asked = {(right.verb, stored(right)) for right in action.permissions(p)}
    for (verb, resource), document in answers(server).items():
        if (verb, resource) not in asked:
            continue
        every = list(places(document))
        for place in chance.sample(every, min(len(every), PLACES)):
            body = json.dumps(spoilt(document, place, chance.choice(JUNK))).encode()
            server.heal()
            server.answer(verb, resource, body=body)
            for call in (action.preview or action.perform, action.caution, action.resolve):
                with contextlib.suppress(ActionError):
                    await call(p, context) if call else None
            for call in (action.happened, action.undo):
                with contextlib.suppress(ActionError):
                    await call(intent, context) if call else None


@pytest.mark.parametrize("junk", JUNK)
async def test_nor_does_a_strange_answer_to_a_change(server, context, actions, junk):
    server.world.workload("deployment", "web")
    server.answer("patch", body=json.dumps(junk).encode())
    for name in ("rollout_restart", "scale"):
        action = actions[name]
        p = action.parameters(namespace="shop", **USES[name])
        for call in (action.preview, action.perform):
            with contextlib.suppress(ActionError):
                await call(p, context)
