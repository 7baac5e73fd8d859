import copy

import pytest
from msgspec.structs import replace

from remediator.errors import PermanentError


@pytest.fixture
def hpa(server):
    """The deployment web with 4 replicas, of 2 to 9."""
    server.world.workload("deployment", "web", replicas=4)
    server.world.autoscaler("web-hpa", "Deployment", "web")
    found = server.world.objects["horizontalpodautoscalers", "shop", "web-hpa"]
    found["spec"]["minReplicas"] = 2
    return found


def bounds(server):
    spec = server.world.objects["horizontalpodautoscalers", "shop", "web-hpa"]["spec"]
    return spec.get("minReplicas"), spec["maxReplicas"]


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"by": "+50%"}, (6, 9)), ({"replicas": 7}, (7, 9)), ({"by": "+20"}, (9, 9)), ({"by": "+20", "max": 12}, (12, 12)),
        ({"replicas": 12, "max": 15}, (12, 12)), ({"by": "+20", "max": 8}, (8, 9)), ({"replicas": 4}, (4, 9)),
    ],
)  # fmt: skip
async def test_as_far_as_max_says(server, context, scale, web, hpa, asked, wanted):
    intent = await scale.resolve(scale.parameters(**web, **asked, autoscaler="bounds"), context)
    done = await scale.perform(intent.parameters, context)
    assert bounds(server) == wanted
    assert (done.autoscaler, done.min_replicas, done.max_replicas) == ("web-hpa", *wanted)
    assert (done.before, done.changed) == (4, True)
    assert [seen.path.rpartition("/")[2] for seen in server.of("PATCH")] == ["web-hpa"]
    assert server.world.objects["deployments", "shop", "web"]["spec"]["replicas"] == 4  # the autoscaler does that


async def test_fewer_is_the_autoscalers_own_decision(server, context, scale, web, hpa):
    for asked in ({"by": "-1"}, {"replicas": 3}):
        with pytest.raises(PermanentError, match="its autoscaler decides on fewer"):
            await scale.resolve(scale.parameters(**web, **asked, autoscaler="bounds"), context)


async def test_at_zero_it_rests(server, context, scale, web, hpa):
    server.world.objects["deployments", "shop", "web"]["spec"]["replicas"] = 0
    with pytest.raises(PermanentError, match="where its autoscaler rests"):
        await scale.resolve(scale.parameters(**web, replicas=3, autoscaler="bounds"), context)


async def test_a_full_autoscaler_says_so(server, context, scale, web, hpa):
    server.world.objects["deployments", "shop", "web"]["spec"]["replicas"] = 9
    with pytest.raises(PermanentError, match="there are 9 replicas and max is 9"):
        await scale.resolve(scale.parameters(**web, by="+1", autoscaler="bounds"), context)


async def test_once(server, context, scale, web, hpa):
    intent = await scale.resolve(scale.parameters(**web, by="+50%", autoscaler="bounds"), context)
    assert intent.before == {"autoscaler": "web-hpa", "from_bounds": [2, 9], "to_bounds": [6, 9]}
    assert await scale.happened(intent, context) is False
    await scale.perform(intent.parameters, context)
    server.world.objects["deployments", "shop", "web"]["spec"]["replicas"] = 6  # what the autoscaler then does
    again = await scale.perform(intent.parameters, context)
    assert (again.changed, again.replicas) == (False, 6)
    assert await scale.happened(intent, context) is True
    assert len(server.of("PATCH")) == 1


async def test_with_a_precondition(server, context, scale, web, hpa):
    version = hpa["metadata"]["resourceVersion"]
    await scale.perform(scale.parameters(**web, replicas=6, autoscaler="bounds"), context)
    (patch,) = server.of("PATCH")
    assert patch.json == {"metadata": {"resourceVersion": version}, "spec": {"minReplicas": 6, "maxReplicas": 9}}


async def test_the_preview_shows_the_bounds(server, context, scale, web, hpa):
    before = copy.deepcopy(server.world.objects)
    shown = await scale.preview(scale.parameters(**web, by="+20", max=12, autoscaler="bounds"), context)
    assert shown.splitlines()[0] == "--- horizontalpodautoscaler shop/web-hpa"
    assert {"-minReplicas: 2", "+minReplicas: 12", "-maxReplicas: 9", "+maxReplicas: 12"} <= set(shown.splitlines())
    assert server.world.objects == before


async def test_the_earlier_bounds_come_back(server, context, scale, web, hpa):
    intent = await scale.resolve(scale.parameters(**web, by="+20", max=12, autoscaler="bounds"), context)
    await scale.perform(intent.parameters, context)
    done = await scale.undo(intent, context)
    assert (done.changed, done.min_replicas, done.max_replicas) == (True, 2, 9)
    assert bounds(server) == (2, 9)
    assert not (await scale.undo(intent, context)).changed


async def test_somebody_elses_bounds_stay(server, context, scale, web, hpa):
    intent = await scale.resolve(scale.parameters(**web, by="+50%", autoscaler="bounds"), context)
    server.world.objects["horizontalpodautoscalers", "shop", "web-hpa"]["spec"]["minReplicas"] = 3
    with pytest.raises(PermanentError, match="bounds to 3 to 9 since"):
        await scale.perform(intent.parameters, context)
    with pytest.raises(PermanentError, match="are 3 to 9, not the 6 to 9 that we set"):
        await scale.undo(intent, context)
    assert await scale.happened(intent, context) is None


async def test_an_autoscaler_that_came_or_went_since_is_noticed(server, context, scale, web, hpa):
    p = scale.parameters(**web, by="+50%", autoscaler="bounds")
    with_it = await scale.resolve(p, context)
    removed = server.world.remove(("horizontalpodautoscalers", "shop", "web-hpa"))
    with pytest.raises(PermanentError, match="no autoscaler any more"):
        await scale.perform(with_it.parameters, context)
    without = await scale.resolve(p, context)
    server.world.put("horizontalpodautoscalers", removed)
    with pytest.raises(PermanentError, match="has an autoscaler since"):
        await scale.perform(without.parameters, context)


async def test_without_one_the_count_is_set(server, context, scale, web):
    server.world.workload("deployment", "web", replicas=4)
    intent = await scale.resolve(scale.parameters(**web, by="+50%", autoscaler="bounds"), context)
    done = await scale.perform(intent.parameters, context)
    assert (done.replicas, done.autoscaler) == (6, None)


@pytest.mark.parametrize("recorded", [{}, {"to_bounds": [6]}, {"to_bounds": [True, 2]}, {"to_bounds": "69"}, {"to_bounds": [-1, 2]}])
async def test_bounds_that_are_not_known_are_not_guessed(server, context, scale, web, hpa, recorded):
    intent = await scale.resolve(scale.parameters(**web, by="+50%", autoscaler="bounds"), context)
    with pytest.raises(PermanentError, match="not known"):
        await scale.undo(replace(intent, before={"autoscaler": "web-hpa", **recorded}), context)
