import pytest
from fakes.kubernetes_api import FakeKubernetes

from remediator.core.action import Intent
from remediator.errors import PermanentError


@pytest.mark.parametrize("call", ["resolve", "perform", "preview"])
async def test_the_autoscaler_is_named(server, context, scale, web, call):
    server.world.workload("deployment", "web")
    server.world.autoscaler("web-hpa", "Deployment", "web")
    with pytest.raises(PermanentError, match="HorizontalPodAutoscaler web-hpa"):
        await getattr(scale, call)(scale.parameters(**web, replicas=5), context)
    assert not server.of("PATCH")


async def test_nor_is_it_scaled_back(server, context, scale, web):
    server.world.workload("deployment", "web", replicas=6)
    server.world.autoscaler("web-hpa", "Deployment", "web")
    intent = Intent(scale.parameters(**web, replicas=6), {"replicas": 4})
    with pytest.raises(PermanentError, match="web-hpa"):
        await scale.undo(intent, context)


async def test_to_zero_and_back_it_may_go_since_there_an_autoscaler_rests(server, context, scale, web):
    server.world.workload("deployment", "web", replicas=3)
    server.world.autoscaler("web-hpa", "Deployment", "web")
    intent = await scale.resolve(scale.parameters(**web, replicas=0), context)
    assert "-replicas: 3" in await scale.preview(scale.parameters(**web, replicas=0), context)
    assert (await scale.perform(intent.parameters, context)).replicas == 0
    assert (await scale.undo(intent, context)).replicas == 3


async def test_not_where_zero_is_within_its_bounds(server, context, scale, web):
    server.world.workload("deployment", "web", replicas=3)
    server.world.autoscaler("web-hpa", "Deployment", "web")["spec"]["minReplicas"] = 0
    with pytest.raises(PermanentError, match="HorizontalPodAutoscaler web-hpa"):
        await scale.perform(scale.parameters(**web, replicas=0), context)


async def test_others_autoscalers_do_not_matter(server, context, scale, web):
    server.world.workload("deployment", "web")
    server.world.autoscaler("a", "Deployment", "web-2")
    server.world.autoscaler("b", "StatefulSet", "web")
    server.world.autoscaler("c", "Deployment", "web", namespace="other")
    assert (await scale.perform(scale.parameters(**web, replicas=5), context)).changed


async def test_an_autoscaler_on_a_later_page_is_found(connect, scale, web):
    async with FakeKubernetes(page=2) as server:
        server.world.workload("deployment", "web")
        for number in range(5):
            server.world.autoscaler(f"a{number}", "Deployment", f"other-{number}")
        server.world.autoscaler("z", "Deployment", "web")
        with pytest.raises(PermanentError, match="HorizontalPodAutoscaler z"):
            await scale.perform(scale.parameters(**web, replicas=5), connect(server))


async def test_too_many_to_look_through_is_no_proof_of_absence(connect, scale, web):
    async with FakeKubernetes(page=1) as server:
        server.world.workload("deployment", "web")
        for number in range(25):
            server.world.autoscaler(f"a{number:02}", "Deployment", f"other-{number}")
        with pytest.raises(PermanentError, match="too many autoscalers"):
            await scale.perform(scale.parameters(**web, replicas=5), connect(server))


async def test_not_being_allowed_to_look_is_no_proof_of_absence(server, context, scale, web):
    server.world.workload("deployment", "web")
    server.fail("list", "horizontalpodautoscalers", status=403)
    with pytest.raises(PermanentError, match=r"403 .*cannot list resource .horizontalpodautoscalers"):
        await scale.perform(scale.parameters(**web, replicas=5), context)
    assert not server.of("PATCH")
