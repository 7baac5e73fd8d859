from msgspec.structs import replace

from remediator.core.durations import SECOND


async def test_the_same_intent_twice_restarts_once(server, context, restart, web):
    server.world.workload("deployment", "web")
    intent = await restart.resolve(restart.parameters(**web), context)
    first = await restart.perform(intent.parameters, context)
    later = replace(context, now=context.now + 60 * SECOND)
    again = await restart.perform(intent.parameters, later)
    assert (first.changed, again.changed) == (True, False)
    assert again.generation == first.generation == 2
    assert len(server.of("PATCH")) == 1


async def test_whether_it_happened_is_told_by_the_annotation(server, context, restart, web):
    server.world.workload("deployment", "web")
    intent = await restart.resolve(restart.parameters(**web), context)
    assert await restart.happened(intent, context) is False
    await restart.perform(intent.parameters, context)
    assert await restart.happened(intent, context) is True


async def test_somebody_elses_restart_since_leaves_it_untold(server, context, restart, web):
    server.world.workload("deployment", "web")
    intent = await restart.resolve(restart.parameters(**web), context)
    other = restart.parameters(**web, restarted_at="2025-06-01T12:30:00Z")
    await restart.perform(other, context)
    assert await restart.happened(intent, context) is None


async def test_a_restart_that_happened_is_done_even_if_paused_since(server, context, restart, web):
    server.world.workload("deployment", "web")
    intent = await restart.resolve(restart.parameters(**web), context)
    await restart.perform(intent.parameters, context)
    server.world.objects["deployments", "shop", "web"]["spec"]["paused"] = True
    assert not (await restart.perform(intent.parameters, context)).changed
