"""What the changing actions read may be anything: they then refuse, or do what they were asked to, and never crash."""

import contextlib
import copy
import json
import os
import random

import pytest
from fakes.kubernetes_changes import cron_job, request_for, restarted
from fakes.kubernetes_looks import certificate, measure, node
from msgspec.structs import replace

from remediator.errors import ActionError

PLACES = int(os.environ.get("STRANGE_PLACES", "8"))  #: of an answer that are spoilt, one at a time
JUNK = (None, [], {}, "x", -1, 1.5, True, [None, 3, "x", {}], {"x": {"x": []}}, "9" * 5000, 10**30)
WEB = {"kind": "deployment", "name": "web", "namespace": "shop"}
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "flags"}, "data": {"beta": "off"}}
JOB = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "example/job:1"}], "restartPolicy": "Never"}}}}
USES = {
    "delete_pod": ({**WEB, "worst": "memory"}, [("list", "pods"), ("get", "pods"), ("list", "podmetrics"), ("get", "deployments")]),
    "cordon": ({"node": "n1"}, [("get", "nodes")]),
    "drain": ({"node": "n1", "within": "1ms"}, [("get", "nodes"), ("list", "pods"), ("get", "pods")]),
    "run_job": ({"namespace": "shop", "cron_job": "nightly", "wait": "1ms"}, [("get", "cronjobs"), ("get", "jobs"), ("list", "pods")]),
    "apply": ({"namespace": "shop", "manifest": CONFIG}, [("get", "configmaps"), ("patch", "configmaps")]),
    "scale": ({**WEB, "by": "+1", "autoscaler": "bounds"}, [("list", "horizontalpodautoscalers"), ("get", "deployments/scale")]),
    "scale_all": ({"namespace": "shop", "replicas": 0, "wait": "1ms"}, [("list", "deployments"), ("get", "deployments")]),
    "restart_all": ({"namespace": "shop", "wait": "1ms"}, [("list", "deployments"), ("get", "deployments")]),
    "renew_certificate": ({"namespace": "shop", "name": "web"}, [("get", "certificates"), ("list", "certificaterequests")]),
}


def places(document, place=()):
    yield place
    children = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in children if isinstance(document, (dict, list)) else ():
        if isinstance(value, (dict, list)):
            yield from places(value, (*place, key))
        else:
            yield (*place, key)


def spoilt(document, place, junk):
    if not place:
        return junk
    document = copy.deepcopy(document)
    inner = document
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = junk
    return document


def answer_to(world, verb, resource):
    """Return what the server would answer."""
    name, _, sub = resource.partition("/")
    if sub:
        return {"kind": "Scale", "metadata": {"resourceVersion": "1"}, "spec": {"replicas": 2}}
    found = world.of(name)
    return copy.deepcopy({"kind": "List", "metadata": {}, "items": found} if verb == "list" else found[0])


@pytest.fixture
def site(server):
    world = server.world
    node(world, "n1")
    world.workload("deployment", "web")
    for pod in world.of("pods", "shop"):
        restarted(world, pod, 3)
        pod["spec"] |= {"nodeName": "n1", "volumes": [{"name": "a", "configMap": {}}]}
    world.autoscaler("web-hpa", "Deployment", "web")
    cron_job(world, "nightly")
    certificate(world, "web")
    request_for(world, "web", ago=40 * 86_400)
    measure(world)
    world.put("configmaps", {"metadata": {"name": "flags", "namespace": "shop"}, "data": {"beta": "on"}})
    world.put("jobs", {"metadata": {"name": "a", "namespace": "shop"}, "spec": {}, "status": {"conditions": [{"type": "Complete"}]}})
    return world


@pytest.mark.parametrize(("name", "verb", "resource"), [(name, *read) for name, (_, reads) in USES.items() for read in reads])
async def test_whatever_stands_anywhere_in_it(server, connect, actions, site, name, verb, resource):
    action, chance = actions[name], random.Random(f"{name} {resource}")
    p = action.parameters(**USES[name][0])
    context = replace(connect(server), key="step")
    document, objects = answer_to(site, verb, resource), copy.deepcopy(site.objects)
    everywhere = list(places(document))
    for place in chance.sample(everywhere, min(len(everywhere), PLACES)):
        site.objects.clear()
        site.objects.update(copy.deepcopy(objects))
        server.heal()
        server.answer(verb, resource, body=json.dumps(spoilt(document, place, chance.choice(JUNK))).encode())
        with contextlib.suppress(ActionError):
            await action.preview(p, context)
        with contextlib.suppress(ActionError):
            intent = await action.resolve(p, context)
            journalled = action.parameters.model_validate(intent.parameters.model_dump(mode="json"))
            with contextlib.suppress(ActionError):
                await action.perform(journalled, context)
            with contextlib.suppress(ActionError):
                await action.happened(intent, context)
            if action.undo:
                await action.undo(intent, context)
        if action.caution:
            with contextlib.suppress(ActionError):
                await action.caution(p, context)
