import pytest
from msgspec.structs import replace

from remediator.errors import PermanentError, TemporaryError


@pytest.fixture
async def scaled(server, context, scale, web):
    """Scale from 4 to 6; give the intent."""
    server.world.workload("deployment", "web", replicas=4)
    intent = await scale.resolve(scale.parameters(**web, by="+50%"), context)
    await scale.perform(intent.parameters, context)
    return intent


def replicas(server):
    return server.world.objects["deployments", "shop", "web"]["spec"]["replicas"]


async def test_the_earlier_count_comes_back(server, context, scale, scaled):
    done = await scale.undo(scaled, context)
    assert (done.before, done.replicas, done.changed) == (6, 4, True)
    assert replicas(server) == 4
    assert scale.undo_is_safe


async def test_twice_is_once(server, context, scale, scaled):
    await scale.undo(scaled, context)
    assert not (await scale.undo(scaled, context)).changed
    assert len(server.of("PATCH")) == 2


async def test_somebody_elses_count_stays(server, context, scale, scaled, web):
    await scale.perform(scale.parameters(**web, replicas=9), context)
    with pytest.raises(PermanentError, match="has 9 replicas, not the 6 that we set"):
        await scale.undo(scaled, context)
    assert replicas(server) == 9


async def test_a_write_in_between_is_a_conflict(server, context, scale, scaled):
    server.fail("patch", "deployments/scale", status=409)
    with pytest.raises(TemporaryError):
        await scale.undo(scaled, context)


@pytest.mark.parametrize("before", [{}, {"replicas": None}, {"replicas": "4"}, {"replicas": -1}, {"replicas": True}])
async def test_an_earlier_count_that_is_not_known_is_not_guessed(server, context, scale, scaled, before):
    with pytest.raises(PermanentError, match="not known"):
        await scale.undo(replace(scaled, before=before), context)
    assert replicas(server) == 6
