import copy

import pytest
from msgspec.structs import replace

from remediator.core.durations import SECOND
from remediator.errors import AmbiguousError, PermanentError

ANNOTATION = "kubectl.kubernetes.io/restartedAt"


@pytest.fixture
def restart_all(actions):
    return actions["restart_all"]


@pytest.fixture
def shop(server):
    server.world.workload("deployment", "api")
    server.world.workload("deployment", "web")
    server.world.workload("statefulset", "db")
    server.world.workload("daemonset", "agent")
    return server.world


def restarted(world):
    return {
        item["metadata"]["name"]: item["spec"]["template"]["metadata"].get("annotations", {}).get(ANNOTATION)
        for kind in ("deployments", "statefulsets", "daemonsets")
        for item in world.of(kind, "shop")
    }


async def test_all_with_one_time(server, context, restart_all, shop):
    intent = await restart_all.resolve(restart_all.parameters(namespace="shop"), context)
    assert await restart_all.happened(intent, context) is False
    done = await restart_all.perform(intent.parameters, context)
    assert set(restarted(shop).values()) == {"2025-06-01T12:00:00Z"}
    assert done.workloads == ("deployment/api", "deployment/web", "statefulset/db", "daemonset/agent")
    assert await restart_all.happened(intent, context) is True


async def test_after_a_crash_those_that_have_it_are_left_alone(server, context, restart_all, shop):
    intent = await restart_all.resolve(restart_all.parameters(namespace="shop"), context)
    server.drop("patch", "statefulsets", times=1)
    with pytest.raises(AmbiguousError):
        await restart_all.perform(intent.parameters, context)
    assert await restart_all.happened(intent, context) is None
    later = replace(context, now=context.now + 60 * SECOND)
    assert (await restart_all.perform(intent.parameters, later)).changed == 2
    assert shop.objects["deployments", "shop", "api"]["metadata"]["generation"] == 2
    assert set(restarted(shop).values()) == {"2025-06-01T12:00:00Z"}


async def test_some_only(server, context, restart_all, shop):
    p = restart_all.parameters(namespace="shop", kinds=["deployment"], exclude=["web"])
    await restart_all.perform(p, context)
    assert [name for name, when in restarted(shop).items() if when] == ["api"]


async def test_what_would_not_restart_is_left_out_and_named(server, context, restart_all, shop):
    shop.objects["deployments", "shop", "api"]["spec"]["paused"] = True
    shop.objects["statefulsets", "shop", "db"]["spec"]["updateStrategy"] = {"type": "OnDelete"}
    shop.workload("deployment", "off", replicas=0)
    intent = await restart_all.resolve(restart_all.parameters(namespace="shop"), context)
    done = await restart_all.perform(intent.parameters, context)
    assert done.left_out == ("deployment/api (it is paused)", "deployment/off (it has no replicas)", "statefulset/db (it updates OnDelete)")
    assert done.workloads == ("deployment/web", "daemonset/agent")


async def test_the_next_stage_waits_for_the_last(server, context, restart_all, shop):
    shop.controllers = "stepwise"
    await restart_all.perform(restart_all.parameters(namespace="shop", kinds=["deployment"]), context)
    order = [(seen.method, seen.path.rpartition("/")[2]) for seen in server.requests if seen.path.endswith(("api", "web"))]
    first, second = (index for index, seen in enumerate(order) if seen[0] == "PATCH")
    assert order[first + 1 : second].count(("GET", "api")) >= 4  # observed, half, one old, complete


async def test_one_that_never_becomes_complete_stops_the_rest(server, context, restart_all, shop):
    shop.controllers = "manual"
    intent = await restart_all.resolve(restart_all.parameters(namespace="shop", wait="300ms"), context)
    with pytest.raises(AmbiguousError, match=r"not complete after 0.3s: deployment/api; 0 of 4"):
        await restart_all.perform(intent.parameters, context)
    assert [name for name, when in restarted(shop).items() if when] == ["api"]


async def test_one_that_has_failed_stops_at_once(server, context, restart_all, shop):
    shop.controllers = "manual"
    intent = await restart_all.resolve(restart_all.parameters(namespace="shop"), context)
    before = shop.written

    def written(key):
        before(key)
        shop.stall(*key)

    shop.written = written
    with pytest.raises(AmbiguousError, match="deployment api: its progress deadline is exceeded; 0 of 4"):
        await restart_all.perform(intent.parameters, context)


async def test_the_preview_changes_nothing(server, context, restart_all, shop):
    before = copy.deepcopy(shop.objects)
    shown = await restart_all.preview(restart_all.parameters(namespace="shop", at_a_time=2), context)
    assert shown.splitlines()[:2] == ["4 workloads, 2 at a time", "deployment/api would be restarted"]
    assert shop.objects == before
    assert {seen.query.get("dryRun") for seen in server.of("PATCH")} == {"All"}


async def test_nothing_to_restart_is_no_success(server, context, restart_all):
    server.world.workload("deployment", "off", replicas=0)
    with pytest.raises(PermanentError, match="nothing that would restart"):
        await restart_all.resolve(restart_all.parameters(namespace="shop"), context)
