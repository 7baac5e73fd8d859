import pytest
from fakes.kubernetes_changes import budget, lone_pod, restarted
from fakes.kubernetes_looks import measure

from remediator.errors import AmbiguousError, PermanentError, TemporaryError


@pytest.fixture
def delete(actions):
    return actions["delete_pod"]


def pods(server):
    return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in server.world.of("pods", "shop")}


async def test_of_this_name_and_uid(server, context, delete):
    server.world.workload("statefulset", "web", replicas=2)
    before = pods(server)
    p = delete.parameters(namespace="shop", pod="web-0", grace_period=5)
    done = await delete.perform((await delete.resolve(p, context)).parameters, context)
    (post,) = server.of("POST")
    assert post.path == "/api/v1/namespaces/shop/pods/web-0/eviction"
    assert post.json == {
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "web-0", "namespace": "shop"},
        "deleteOptions": {"gracePeriodSeconds": 5, "preconditions": {"uid": before["web-0"]}},
    }
    assert (done.evicted, done.gone, done.pods, done.changed) == (1, 0, ("web-0",), True)
    assert pods(server)["web-0"] != before["web-0"]
    assert pods(server)["web-1"] == before["web-1"]


async def test_one_that_must_be_of_its_workload(server, context, delete):
    server.world.workload("deployment", "web", replicas=2)
    server.world.workload("statefulset", "db", replicas=1)
    name = next(name for name in pods(server) if name.startswith("web"))
    p = delete.parameters(namespace="shop", kind="deployment", name="web", pod=name)
    assert delete.targets(p) == ("kubernetes/default/shop/deployment/web",)
    done = await delete.perform((await delete.resolve(p, context)).parameters, context)
    assert done.pods == (name,)
    assert len(server.of("POST")) == 1
    with pytest.raises(PermanentError, match="deployment shop/web has no running pod db-0"):
        await delete.resolve(delete.parameters(namespace="shop", kind="deployment", name="web", pod="db-0"), context)


async def test_what_took_its_place_is_never_deleted(server, context, delete):
    server.world.workload("statefulset", "web", replicas=1)
    intent = await delete.resolve(delete.parameters(namespace="shop", pod="web-0"), context)
    assert intent.before == {"pods": [{"namespace": "shop", "name": "web-0", "uid": pods(server)["web-0"]}]}
    await delete.perform(intent.parameters, context)
    successor = pods(server)
    again = await delete.perform(intent.parameters, context)
    assert (again.evicted, again.gone, again.changed) == (0, 1, False)
    assert pods(server) == successor
    assert await delete.happened(intent, context) is True


async def test_a_lost_answer_is_told_by_the_uid(server, context, delete):
    server.world.workload("statefulset", "web", replicas=1)
    intent = await delete.resolve(delete.parameters(namespace="shop", pod="web-0"), context)
    assert await delete.happened(intent, context) is False
    server.drop("create", "pods/eviction", applied=True, times=1)
    with pytest.raises(AmbiguousError):
        await delete.perform(intent.parameters, context)
    assert await delete.happened(intent, context) is True


async def test_a_replaced_pod_between_look_and_eviction_stays(server, context, delete):
    server.world.workload("statefulset", "web", replicas=1)
    intent = await delete.resolve(delete.parameters(namespace="shop", pod="web-0"), context)
    server.fail("create", "pods/eviction", status=409, times=1, message="Precondition failed: UID", applied=True)
    done = await delete.perform(intent.parameters, context)
    assert (done.evicted, done.gone) == (0, 1)


@pytest.mark.parametrize("call", ["perform", "preview"])
async def test_a_disruption_budget_holds(server, context, delete, call):
    server.world.workload("deployment", "web", replicas=1)
    budget(server.world, "web", 0, app="web")
    (name,) = pods(server)
    before = pods(server)
    p = delete.parameters(namespace="shop", pod=name)
    if call == "preview":
        assert "PodDisruptionBudget does not allow" in await delete.preview(p, context)
    else:
        with pytest.raises(TemporaryError, match=f"PodDisruptionBudget does not allow the eviction of shop/{name}"):
            await delete.perform(p, context)
    assert pods(server) == before


async def test_one_that_is_blocked_after_others_went_is_no_clean_failure(server, context, delete):
    server.world.workload("deployment", "web", replicas=2)
    budget(server.world, "web", 1, app="web")
    intent = await delete.resolve(delete.parameters(namespace="shop", labels={"app": "web"}, count=2), context)
    with pytest.raises(AmbiguousError, match="1 of 2 pods were evicted"):
        await delete.perform(intent.parameters, context)
    assert await delete.happened(intent, context) is None


async def test_a_budget_is_waited_for(server, context, delete):
    server.world.workload("deployment", "web", replicas=1)
    found = budget(server.world, "web", 0, app="web")
    (name,) = pods(server)
    original, tries = found["status"], []

    class Opens(dict):
        def __getitem__(self, key):
            tries.append(key)
            return 0 if len(tries) < 2 else 1

    found["status"] = Opens(original)
    done = await delete.perform(delete.parameters(namespace="shop", pod=name, wait="5s"), context)
    assert done.evicted == 1
    assert len(server.of("POST")) == 2


async def test_throttling_is_not_a_budget(server, context, delete):
    server.world.workload("statefulset", "web", replicas=1)
    server.fail("create", "pods/eviction", status=429, retry_after=3)
    with pytest.raises(TemporaryError, match="429 the server says 429") as caught:
        await delete.perform(delete.parameters(namespace="shop", pod="web-0"), context)
    assert caught.value.retry_after == 3


async def test_the_worst_by_restarts(server, context, delete, web):
    server.world.workload("deployment", "web", replicas=3)
    first, second, third = server.world.of("pods", "shop")
    restarted(server.world, second, 7)
    restarted(server.world, third, 2)
    intent = await delete.resolve(delete.parameters(**web), context)
    assert [pod.name for pod in intent.parameters.pods] == [second["metadata"]["name"]]
    both = await delete.resolve(delete.parameters(**web, count=3), context)
    assert [pod.name for pod in both.parameters.pods] == [second["metadata"]["name"], third["metadata"]["name"]]
    assert first["metadata"]["name"] not in await delete.preview(delete.parameters(**web, count=3), context)


async def test_without_restarts_none_is_the_worst(server, context, delete, web):
    server.world.workload("deployment", "web")
    with pytest.raises(PermanentError, match="deployment shop/web has no running pod that has restarted"):
        await delete.resolve(delete.parameters(**web), context)


async def test_the_worst_by_memory(server, context, delete, web):
    server.world.workload("deployment", "web", replicas=3)
    measure(server.world, memory="64Mi")
    worst = server.world.of("pods", "shop")[1]["metadata"]["name"]
    server.world.objects["podmetrics", "shop", worst]["containers"][0]["usage"] = {"memory": "1Gi"}
    intent = await delete.resolve(delete.parameters(**web, worst="memory"), context)
    assert [pod.name for pod in intent.parameters.pods] == [worst]


async def test_no_metrics_is_no_guess(server, context, delete, web):
    server.world.workload("deployment", "web")
    server.absent.add("metrics.k8s.io")
    with pytest.raises(PermanentError, match="serves no metrics"):
        await delete.resolve(delete.parameters(**web, worst="memory"), context)


async def test_more_than_may_be_deleted_is_refused(server, context, delete):
    server.world.workload("deployment", "web", replicas=3)
    p = delete.parameters(namespace="shop", labels={"app": "web"})
    with pytest.raises(PermanentError, match="app=web in shop has 3 pods, and 1 may be deleted"):
        await delete.resolve(p, context)


async def test_what_nobody_would_replace_stays_unless_said(server, context, delete):
    lone_pod(server.world, "lone")
    lone_pod(server.world, "static", annotations={"kubernetes.io/config.mirror": "x"})
    with pytest.raises(PermanentError, match="no controller that would replace it"):
        await delete.resolve(delete.parameters(namespace="shop", pod="lone"), context)
    assert (await delete.perform(delete.parameters(namespace="shop", pod="lone", unmanaged=True), context)).evicted == 1
    with pytest.raises(PermanentError, match="run by its kubelet from a file"):
        await delete.resolve(delete.parameters(namespace="shop", pod="static", unmanaged=True), context)


@pytest.mark.parametrize(
    "values",
    [
        {}, {"pod": "a", "labels": {"app": "web"}}, {"kind": "deployment"}, {"labels": {}}, {"labels": {"app": ""}},
        {"labels": {"app": "web,tier!=x"}}, {"labels": {"a=b": "c"}}, {"pod": "a", "worst": "memory"},
        {"pod": "a/eviction"}, {"pod": "a", "count": 0}, {"pod": "a", "count": 51},
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused(delete, values):
    with pytest.raises(ValueError, match="validation error"):
        delete.parameters(namespace="shop", **values)
