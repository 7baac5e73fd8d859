"""A container ends again and again: the rollout that it began with is undone when a person agrees."""

ROWS = ("Z2-13",)
BACKENDS = {"kubernetes": "fake"}


async def test_the_former_image_comes_back(z2):
    z2.release("example/z2:2")
    z2.unready(2, reason="CrashLoopBackOff")
    z2.log("KeyError: 'DATABASE_URL'", previous=True)
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2ContainerDoesNotStart", deployment="z2-backend", **z2.alert)
        asked = await daemon.approve(run)
        assert "undo the rollout that it began with" in asked["reason"]
        await daemon.ends(run, "succeeded")
        said = await daemon.report(run)
    assert z2.container()["image"] == "example/z2:1"
    assert "DATABASE_URL" in said
    assert "CrashLoopBackOff" in said


async def test_without_a_rollout_it_is_evidence(z2):
    z2.unready(1, reason="CrashLoopBackOff")
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2ContainerDoesNotStart", **z2.alert)
        await daemon.ends(run, "escalated")
    assert z2.writes() == []
