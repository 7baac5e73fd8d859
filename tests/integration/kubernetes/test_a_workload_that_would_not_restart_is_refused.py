import pytest

from remediator.errors import PermanentError


@pytest.mark.parametrize("call", ["resolve", "perform", "preview"])
async def test_a_paused_deployment(server, context, restart, web, call):
    server.world.workload("deployment", "web", paused=True)
    with pytest.raises(PermanentError, match="is paused; resume"):
        await getattr(restart, call)(restart.parameters(**web), context)
    assert not server.of("PATCH")


@pytest.mark.parametrize("kind", ["statefulset", "daemonset"])
async def test_a_workload_that_updates_on_delete(server, context, restart, kind):
    server.world.workload(kind, "web", updateStrategy={"type": "OnDelete"})
    with pytest.raises(PermanentError, match="OnDelete"):
        await restart.perform(restart.parameters(kind=kind, name="web", namespace="shop"), context)
    assert not server.of("PATCH")
