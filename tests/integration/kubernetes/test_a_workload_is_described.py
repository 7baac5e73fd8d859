import pytest
from fakes.kubernetes_api import FakeKubernetes
from msgspec.structs import replace

from remediator.core.durations import SECOND


@pytest.fixture
def describe(actions):
    return actions["describe_workload"]


def stored(server, resource="deployments", name="web"):
    return server.world.objects[resource, "shop", name]


def break_pod(pod, *, reason="CrashLoopBackOff", restarts=7):
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}]
    (container,) = pod["status"]["containerStatuses"]
    container["state"] = {"waiting": {"reason": reason, "message": "back-off 5m0s restarting\nfailed container"}}
    container["restartCount"] = restarts


async def test_one_at_rest(server, context, describe, web):
    server.world.workload("deployment", "web", replicas=3)
    later = replace(context, now=context.now + 90 * SECOND)
    found = await describe.perform(describe.parameters(**web), later)
    assert (found.replicas, found.ready, found.updated, found.available, found.unavailable) == (3, 3, 3, 3, 0)
    assert (found.generation, found.observed_generation) == (1, 1)
    assert (found.rolling_out, found.paused, found.revision) == (False, False, "1")
    assert found.images == ("example/web:1",)
    assert [condition.type for condition in found.conditions] == ["Available", "Progressing"]
    assert (found.started_at, found.started_ago) == ("2025-06-01T12:00:00Z", 90.0)
    assert (found.hpa, found.managed_by, found.owner, found.restarts, found.not_ready) == (None, None, None, 0, ())
    assert found.pods_complete


@pytest.mark.parametrize(("kind", "revision"), [("statefulset", "web-"), ("daemonset", "1")])
async def test_other_kinds(server, context, describe, kind, revision):
    server.world.workload(kind, "web")
    found = await describe.perform(describe.parameters(kind=kind, name="web", namespace="shop"), context)
    wanted = 2 if kind == "statefulset" else 3
    assert (found.replicas, found.ready, found.updated, found.available) == (wanted,) * 4
    assert found.revision.startswith(revision)
    assert found.started_at is None
    assert not found.rolling_out


async def test_crashing_pods_are_no_rollout(server, context, describe, web):
    server.world.workload("deployment", "web")
    stored(server)["status"] |= {"availableReplicas": 1, "readyReplicas": 1}
    bad, _ = server.world.of("pods", "shop")
    break_pod(bad)
    found = await describe.perform(describe.parameters(**web), context)
    assert not found.rolling_out
    assert (found.unavailable, found.restarts, found.not_ready_total) == (1, 7, 1)
    (pod,) = found.not_ready
    assert (pod.name, pod.phase, pod.reason, pod.restarts) == (
        bad["metadata"]["name"], "Running", "CrashLoopBackOff", 7,
    )  # fmt: skip
    assert pod.message == "back-off 5m0s restarting failed container"


@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset"])
async def test_a_rollout_under_way(connect, describe, restart, kind):
    async with FakeKubernetes("stepwise") as server:
        context, names = connect(server), {"kind": kind, "name": "web", "namespace": "shop"}
        server.world.workload(kind, "web")
        await restart.perform(restart.parameters(**names), context)
        seen = [await describe.perform(describe.parameters(**names), context) for _ in range(5)]
    assert [found.rolling_out for found in seen[:3]] == [True, True, True]
    assert not seen[-1].rolling_out


async def test_only_its_own_pods_count(server, context, describe, web):
    server.world.workload("deployment", "web")
    server.world.workload("statefulset", "db", selector={"matchLabels": {"app": "web"}})
    for pod in server.world.of("pods", "shop"):
        if pod["metadata"]["name"].startswith("db-"):
            pod["metadata"]["labels"]["app"] = "web"  # the same labels, another owner
            break_pod(pod)
    found = await describe.perform(describe.parameters(**web), context)
    assert found.restarts == 0
    assert found.not_ready == ()


async def test_pods_that_have_ended_are_not_waited_for(server, context, describe, web):
    server.world.workload("deployment", "web")
    evicted, leaving = server.world.of("pods", "shop")
    evicted["status"] = {"phase": "Failed", "reason": "Evicted"}
    leaving["metadata"]["deletionTimestamp"] = "2025-06-01T12:00:00Z"
    found = await describe.perform(describe.parameters(**web), context)
    assert [(pod.name, pod.reason) for pod in found.not_ready] == [(leaving["metadata"]["name"], "Terminating")]


async def test_the_list_of_pods_is_bounded(server, context, describe, web):
    server.world.workload("deployment", "web", replicas=30)
    for number, pod in enumerate(server.world.of("pods", "shop")):
        break_pod(pod, restarts=number)
    found = await describe.perform(describe.parameters(**web), context)
    assert (len(found.not_ready), found.not_ready_total) == (20, 30)
    assert found.not_ready[0].restarts == 29
    assert found.restarts == sum(range(30))


async def test_the_autoscaler_is_named(server, context, describe, web):
    server.world.workload("deployment", "web")
    server.world.autoscaler("web-hpa", "Deployment", "web")
    assert (await describe.perform(describe.parameters(**web), context)).hpa == "web-hpa"


@pytest.mark.parametrize(
    "case",
    [
        ({"labels": {"app.kubernetes.io/managed-by": "Helm"}}, "Helm"),
        ({"annotations": {"meta.helm.sh/release-name": "shop"}}, "Helm"),
        ({"labels": {"app.kubernetes.io/managed-by": "Helm", "argocd.argoproj.io/instance": "shop"}}, "ArgoCD"),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web"}}, "ArgoCD"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "shop"}}, "Flux"),
        ({"labels": {"app.kubernetes.io/managed-by": "Helm", "helm.toolkit.fluxcd.io/name": "shop"}}, "Flux"),
        ({"labels": {"app.kubernetes.io/managed-by": "pulumi"}}, "pulumi"),
        ({"ownerReferences": [{"kind": "Shop", "name": "main", "uid": "1", "controller": True}]}, "operator"),
        ({"ownerReferences": [{"kind": "Shop", "name": "main", "uid": "1"}]}, None),
    ],
)
async def test_who_keeps_it(server, context, describe, web, case):
    meta, keeper = case
    server.world.workload("deployment", "web")
    stored(server)["metadata"] |= meta
    found = await describe.perform(describe.parameters(**web), context)
    assert found.managed_by == keeper
    assert found.owner == ("Shop/main" if keeper == "operator" else None)


async def test_a_rollback_does_not_pass_for_an_old_rollout(server, context, describe, restart, web):
    server.world.workload("deployment", "web")
    template = stored(server)["spec"]["template"]
    await restart.perform(restart.parameters(**web), context)
    assert (await describe.perform(describe.parameters(**web), context)).started_at is not None
    stored(server)["spec"]["template"] = template
    server.world.finish("deployments", "shop", "web")
    found = await describe.perform(describe.parameters(**web), context)
    assert found.revision == "3"
    assert (found.started_at, found.started_ago) == (None, None)


async def test_a_workload_without_selector_is_no_reason_to_read_every_pod(server, context, describe, web):
    server.world.workload("deployment", "web")
    stored(server)["spec"]["selector"] = {}
    with pytest.raises(Exception, match="no label selector"):
        await describe.perform(describe.parameters(**web), context)
    assert not server.of("GET", "/pods")


async def test_a_selector_of_expressions(server, context, describe, web):
    expressions = [
        {"key": "app", "operator": "In", "values": ["web", "www"]},
        {"key": "revision", "operator": "Exists"},
        {"key": "canary", "operator": "DoesNotExist"},
        {"key": "app", "operator": "NotIn", "values": ["db"]},
    ]
    server.world.workload("deployment", "web", selector={"matchExpressions": expressions})
    pod, _ = server.world.of("pods", "shop")
    break_pod(pod)
    for item in server.world.of("replicasets", "shop"):
        item["metadata"]["labels"]["revision"] = "1"
    found = await describe.perform(describe.parameters(**web), context)
    assert found.restarts == 7
    (asked,) = server.of("GET", "/pods")
    assert asked.query["labelSelector"] == "app in (web,www),revision,!canary,app notin (db)"
