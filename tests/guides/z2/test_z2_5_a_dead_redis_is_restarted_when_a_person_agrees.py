"""Redis refuses connections: its pods and logs are looked at, and it is restarted when a person agrees."""

from fakes.docker_engine import start_docker

ROWS = ("Z2-5",)
BACKENDS = {"redis": "real", "kubernetes": "fake", "docker": "fake"}


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


async def test_on_compose_it_is_the_service(z2, dead_redis, tmp_path):
    async with start_docker(tmp_path) as docker:
        dead_redis.append(lambda: docker.restarts)
        docker.compose("z2/redis", log=b"Out Of Memory allocating 64 bytes\n", tty=True)
        z2.connections["docker"] = {"z2-host": {"socket": docker.socket, "services": ["z2/redis"]}}
        async with z2.up() as daemon:
            run = await daemon.alert(alertname="Z2RedisDown", engine="z2-host", **z2.alert)
            await daemon.approve(run)
            await daemon.ends(run, "succeeded")
            assert "Out Of Memory" in await daemon.report(run)
    assert docker.restarts == 1
    assert z2.writes() == []


async def test_an_engine_that_the_site_does_not_know_is_refused(z2):
    async with z2.up() as daemon:
        assert not await daemon.alert(alertname="Z2RedisDown", engine="somewhere", **z2.alert)
        (decision,) = await daemon.api("decisions?verdict=refused")
    assert "there is no docker connection" in decision["reason"]
