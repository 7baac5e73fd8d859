import copy

import pytest

from remediator.errors import AmbiguousError, PermanentError


@pytest.fixture
def scale_all(actions):
    return actions["scale_all"]


@pytest.fixture
def shop(server):
    for name, replicas in (("api", 2), ("web", 3), ("worker", 1)):
        server.world.workload("deployment", name, replicas=replicas)
    server.world.workload("statefulset", "db", replicas=1)
    server.world.workload("daemonset", "agent")
    server.world.workload("deployment", "web", namespace="other")
    return server.world


def counts(world, namespace="shop"):
    found = [(item["metadata"]["name"], item["spec"]["replicas"]) for kind in ("deployments", "statefulsets") for item in world.of(kind, namespace)]
    return dict(found)


async def test_to_zero_and_back(server, context, scale_all, shop):
    p = scale_all.parameters(namespace="shop", replicas=0, exclude=["db"], at_a_time=2)
    intent = await scale_all.resolve(p, context)
    done = await scale_all.perform(intent.parameters, context)
    assert counts(shop) == {"api": 0, "web": 0, "worker": 0, "db": 1}
    assert counts(shop, "other") == {"web": 2}
    assert (done.workloads, done.changed) == (3, 3)
    assert done.counts == {"deployment/api": 2, "deployment/web": 3, "deployment/worker": 1} == intent.before["counts"]
    assert (await scale_all.undo(intent, context)).changed == 3
    assert counts(shop) == {"api": 2, "web": 3, "worker": 1, "db": 1}


async def test_by_the_counts_that_an_earlier_step_has_given(server, context, scale_all, shop):
    down = await scale_all.perform(scale_all.parameters(namespace="shop", replicas=0), context)
    kept = {name: count for name, count in down.counts.items() if name != "deployment/worker"}
    await scale_all.perform(scale_all.parameters(namespace="shop", counts=kept), context)
    assert counts(shop) == {"api": 2, "web": 3, "worker": 0, "db": 1}


async def test_by_kinds(server, context, scale_all, shop):
    p = scale_all.parameters(namespace="shop", kinds=["deployment"], replicas=0)
    assert {right.resource for right in scale_all.permissions(p)} == {
        "deployments", "deployments/scale", "horizontalpodautoscalers", "resourcequotas",
    }  # fmt: skip
    await scale_all.perform(p, context)
    assert counts(shop) == {"api": 0, "web": 0, "worker": 0, "db": 1}
    with pytest.raises(PermanentError, match="has no statefulset/db"):
        await scale_all.perform(scale_all.parameters(namespace="shop", kinds=["deployment"], counts={"statefulset/db": 0}), context)


async def test_by_labels(server, context, scale_all, shop):
    await scale_all.perform(scale_all.parameters(namespace="shop", replicas=0, labels={"app": "web"}), context)
    assert counts(shop) == {"api": 2, "web": 0, "worker": 1, "db": 1}


async def test_the_next_stage_begins_when_the_last_is_complete(server, context, scale_all, shop):
    shop.controllers = "stepwise"
    await scale_all.perform(scale_all.parameters(namespace="shop", replicas=4, at_a_time=2), context)
    patched = [index for index, seen in enumerate(server.requests) if seen.method == "PATCH"]
    assert len(patched) == 4
    between = server.requests[patched[1] + 1 : patched[2]]
    looked = [seen.path.rpartition("/")[2] for seen in between if "/scale" not in seen.path]
    assert looked.count("api") > 1
    assert looked.count("web") > 1
    assert "worker" not in looked


async def test_what_does_not_become_complete_is_named(server, context, scale_all, shop):
    intent = await scale_all.resolve(scale_all.parameters(namespace="shop", replicas=4, wait="300ms"), context)
    shop.controllers = "manual"
    with pytest.raises(AmbiguousError, match=r"not complete after 0.3s: deployment/api; 0 of 4 workloads are done"):
        await scale_all.perform(intent.parameters, context)
    assert await scale_all.happened(intent, context) is None
    assert counts(shop) == {"api": 4, "web": 3, "worker": 1, "db": 1}


async def test_after_a_crash_it_goes_on_with_the_same_counts(server, context, scale_all, shop):
    intent = await scale_all.resolve(scale_all.parameters(namespace="shop", replicas=0), context)
    server.drop("patch", "deployments/scale", applied=True, times=1)
    with pytest.raises(AmbiguousError):
        await scale_all.perform(intent.parameters, context)
    again = await scale_all.perform(intent.parameters, context)
    assert again.changed == 3
    assert set(counts(shop).values()) == {0}
    assert again.counts["deployment/api"] == 2  # not the zero that stood there already


async def test_a_count_that_somebody_changed_since_ends_it(server, context, scale_all, shop):
    intent = await scale_all.resolve(scale_all.parameters(namespace="shop", replicas=0), context)
    shop.objects["deployments", "shop", "web"]["spec"]["replicas"] = 7
    with pytest.raises(AmbiguousError, match=r"deployment/web of shop .* somebody set it to 7; 1 of 4 workloads are done"):
        await scale_all.perform(intent.parameters, context)
    assert counts(shop) == {"api": 0, "web": 7, "worker": 1, "db": 1}


async def test_undo_touches_none_when_somebody_changed_one(server, context, scale_all, shop):
    intent = await scale_all.resolve(scale_all.parameters(namespace="shop", replicas=0), context)
    await scale_all.perform(intent.parameters, context)
    shop.objects["deployments", "shop", "worker"]["spec"]["replicas"] = 5
    with pytest.raises(PermanentError, match="deployment/worker of shop has 5 replicas, not the 0 that we set"):
        await scale_all.undo(intent, context)
    assert counts(shop) == {"api": 0, "web": 0, "worker": 5, "db": 0}


async def test_what_an_autoscaler_owns_goes_to_zero_and_back_only(server, context, scale_all, shop):
    shop.autoscaler("web-hpa", "Deployment", "web")
    with pytest.raises(PermanentError, match="deployment/web of shop is scaled by an autoscaler; exclude it"):
        await scale_all.resolve(scale_all.parameters(namespace="shop", replicas=4), context)
    intent = await scale_all.resolve(scale_all.parameters(namespace="shop", replicas=0), context)
    await scale_all.perform(intent.parameters, context)
    await scale_all.undo(intent, context)
    assert counts(shop)["web"] == 3


async def test_the_preview_lists_the_counts(server, context, scale_all, shop):
    before = copy.deepcopy(shop.objects)
    shown = await scale_all.preview(scale_all.parameters(namespace="shop", replicas=1), context)
    assert shown.splitlines() == ["deployment/api: 2 -> 1 replicas", "deployment/web: 3 -> 1 replicas"]
    assert shop.objects == before


async def test_who_would_put_it_back_is_told(server, context, scale_all, shop):
    shop.objects["deployments", "shop", "web"]["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] = "shop"
    assert "deployment/web: Flux" in await scale_all.caution(scale_all.parameters(namespace="shop", replicas=0), context)


@pytest.mark.parametrize("counts", [{"deployment/nope": 1}, {"statefulset/web": 1}])
async def test_an_unknown_workload_is_named(server, context, scale_all, shop, counts):
    with pytest.raises(PermanentError, match=f"has no {next(iter(counts))}"):
        await scale_all.resolve(scale_all.parameters(namespace="shop", counts=counts), context)


async def test_an_empty_namespace_is_no_success(server, context, scale_all):
    with pytest.raises(PermanentError, match="namespace shop has no such workload"):
        await scale_all.resolve(scale_all.parameters(namespace="shop", replicas=0), context)


@pytest.mark.parametrize(
    "values", [{}, {"replicas": 1, "counts": {"deployment/web": 1}}, {"counts": {}}, {"counts": {"web": 1}}, {"counts": {"daemonset/a": 1}}]
)
def test_what_means_nothing_is_refused(scale_all, values):
    with pytest.raises(ValueError, match="validation error"):
        scale_all.parameters(namespace="shop", **values)
