"""The memory service does not answer: its container is restarted."""

import pytest
from aiohttp import web
from fakes.docker_engine import framed, start_docker

ROWS = ("SM-10",)
BACKENDS = {"docker": "fake", "http": "fake"}


@pytest.fixture
async def docker(tmp_path):
    async with start_docker(tmp_path) as engine:
        yield engine


async def test_health_is_back(sm, alert, service, docker):
    docker.add("cognee", log=framed((2, b"MemoryError\n")), Status="exited", ExitCode=137, OOMKilled=True)

    async def health(_request):
        return web.Response(status=200 if docker.restarts else 503)

    cognee = await service({"/health": health})
    connections = {
        "http": {"cognee": cognee.connection()},
        "docker": {"default": {"socket": docker.socket, "containers": ["cognee"]}},
    }
    async with sm.running(connections) as daemon:
        run = await daemon.alert(alertname="SergasMemoryServiceDown", **alert)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert docker.restarts == 1
    assert "oom_killed=true" in report


async def test_without_its_engine_a_person_is_called(sm, alert, service):
    cognee = await service({"/health": 503})
    async with sm.running({"http": {"cognee": cognee.connection()}}) as daemon:
        run = await daemon.alert(alertname="SergasMemoryServiceDown", **alert)
        await daemon.ends(run, "escalated")
