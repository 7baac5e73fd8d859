"""Redis refuses connections: its pods and logs are looked at, and it is restarted when a person agrees."""

ROWS = ("Z2-5",)
BACKENDS = {"redis": "real", "kubernetes": "fake"}


async def test_a_restart_brings_it_back(z2, dead_redis):
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2RedisDown", **z2.alert)
        asked = await daemon.approve(run)
        assert "what it has not saved is lost" in asked["reason"]
        await daemon.ends(run, "succeeded")
    assert z2.writes() == ["PATCH deployments/redis"]


async def test_one_that_answers_is_left_alone(z2):
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2RedisDown", **z2.alert)
        await daemon.ends(run, "recovered_itself")
    assert z2.writes() == []
