"""Against a fake engine: a real HTTP server on a unix socket, and no Docker behind it."""

import pytest
from aiohttp import web
from fakes.docker_engine import framed, start_docker
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pydantic import ValidationError

from remediator.actions import registry
from remediator.actions.docker.connection import Connection
from remediator.actions.docker.logs import joined
from remediator.errors import AmbiguousError, PermanentError, TemporaryError

RESTART = registry.find("docker.restart")
NOW = 1_893_456_000_000_000 + 60_000_000  # 2030-01-01T00:01:00Z


@pytest.fixture
async def docker(tmp_path):
    async with start_docker(tmp_path) as fake:
        fake.add("memory", Health={"Status": "unhealthy", "Log": [{"Output": "no answer"}]}, count=3)
        fake.add("plain")
        fake.add("gone", Status="exited", ExitCode=137, OOMKilled=True)
        yield fake


@pytest.fixture
def here(docker, connected):
    return replace(connected("docker", "default", socket=docker.socket, containers=["memory"], timeout="2s"), now=NOW)


async def test_state(perform, here):
    said = await perform("docker.state", here, container="memory")
    assert (said.holds, said.reason, said.health, said.health_log, said.restarts) == (False, "memory is unhealthy", "unhealthy", "no answer", 3)
    assert said.running_seconds == pytest.approx(60, abs=1)
    assert (await perform("docker.state", here, container="memory", **{"is": "running"})).holds
    plain = await perform("docker.state", here, container="plain")
    assert (plain.holds, plain.reason, plain.image) == (True, "plain is running", "shop:1")
    assert (await perform("docker.state", here, container="plain", **{"is": "healthy"})).reason == "plain has no check of its own health"
    young = await perform("docker.state", here, container="plain", running_for="10m")
    assert (young.holds, young.reason) == (False, "plain has been running for 1m, not 10m")
    gone = await perform("docker.state", here, container="gone")
    assert (gone.holds, gone.reason, gone.exit_code, gone.oom_killed, gone.running_seconds) == (False, "gone is exited", 137, True, None)
    with pytest.raises(PermanentError, match="no such container: No such container: nobody"):
        await perform("docker.state", here, container="nobody")


@pytest.mark.parametrize("terminal", [True, False])
async def test_logs(perform, here, docker, terminal):
    out, err = b"one\nerror: password\ntw", b"o\nerror: disk\n"
    docker.add("memory", log=out + err if terminal else framed((1, out), (2, err)), tty=terminal)
    said = await perform("docker.logs", here, container="memory", grep={"errors": "error", "disk": "disk"}, tail=7, since="1m", keep=1)
    assert (said.lines, said.matched, said.counts, said.shown, said.complete) == (4, 2, {"errors": 2, "disk": 1}, ("error: disk",), True)
    assert "tail=7" in docker.asked[-1]
    assert "since=1893456000" in docker.asked[-1]


async def test_a_long_log_is_cut(perform, here, docker):
    docker.add("memory", log=framed(*[(1, b"x" * 99 + b"\n")] * 1000))
    said = await perform("docker.logs", here, container="memory", max_bytes=2048)
    assert not said.complete
    assert said.lines == 19


async def test_a_restart_and_what_can_be_told_of_it(docker, here):
    p = RESTART.parameters(container="memory", stop_within="3s")
    assert not RESTART.idempotent(p)
    assert RESTART.targets(p) == ("docker/default/memory",)
    intent = await RESTART.resolve(p, here)
    assert await RESTART.happened(intent, here) is False
    assert "memory" in await RESTART.preview(p, here)
    said = await RESTART.perform(p, here)
    assert (said.status, said.started_at) == ("running", "2030-01-01T01:00:01Z")
    assert "POST /v1.41/containers/memory/restart?t=3" in docker.asked
    assert await RESTART.happened(intent, here) is True
    docker.containers["memory"]["State"]["Status"] = "restarting"
    assert await RESTART.happened(intent, here) is None


async def test_a_lost_answer_may_have_happened(docker, here):
    docker.drop = True
    p = RESTART.parameters(container="memory")
    intent = await RESTART.resolve(p, here)
    with pytest.raises(AmbiguousError) as raised:
        await RESTART.perform(p, here)
    assert raised.value.transport
    assert await RESTART.happened(intent, here) is True


@pytest.mark.parametrize("name", ["plain", "abab"])
async def test_what_is_not_listed_is_not_restarted(docker, here, name, connected):
    listed = connected("docker", "default", socket=docker.socket, containers=["memory", "abab"])
    with pytest.raises(PermanentError, match=r"does not list|no container is named"):
        await RESTART.perform(RESTART.parameters(container=name), listed)
    assert docker.restarts == 0


@pytest.fixture
def compose(docker, connected):
    """A service of two containers, one of another project, and one that somebody ran by hand."""
    for service, number in (("shop/redis", 1), ("shop/redis", 2), ("other/redis", 1)):
        docker.compose(service, number=number, log=b"of %d\n" % number, tty=True)
    docker.containers[docker.compose("shop/redis", number=3)]["Labels"]["com.docker.compose.oneoff"] = "True"
    return replace(connected("docker", "default", socket=docker.socket, services=["shop/redis"], containers=["memory"]), now=NOW)


async def test_a_service_of_compose_is_found_by_its_labels(docker, compose, perform):
    assert (await perform("docker.state", compose, service="shop/redis")).reason == "shop/redis is running"
    assert (await perform("docker.logs", compose, service="shop/redis", number=2)).shown == ("of 2",)
    p = RESTART.parameters(service="shop/redis", number=2)
    assert RESTART.targets(p) == ("docker/default/shop/redis",)
    intent = await RESTART.resolve(p, compose)
    assert "restart the container of service shop/redis (2) at" in await RESTART.preview(p, compose)
    assert await RESTART.happened(intent, compose) is False
    assert (await RESTART.perform(p, compose)).status == "running"
    assert await RESTART.happened(intent, compose) is True
    started = {name: container["State"]["StartedAt"] for name, container in docker.containers.items()}
    assert [name for name, at in started.items() if "T01:" in at] == ["shop-redis-2"]


@pytest.mark.parametrize(("service", "number", "why"), [("other/redis", 1, "does not list service"), ("shop/redis", 3, "has no containers of the service"), ("shop/redis", 4, "has no containers")])
async def test_no_other_service_is_restarted(docker, compose, service, number, why):
    with pytest.raises(PermanentError, match=why):
        await RESTART.perform(RESTART.parameters(service=service, number=number), compose)
    assert docker.restarts == 0


@pytest.mark.parametrize("fields", [{}, {"container": "a", "service": "a/b"}, {"container": "a", "number": 2}, {"service": "redis"}, {"service": "a/b/c"}, {"service": "a,b/c"}, {"service": 'a/"'}])
def test_one_container_is_meant(fields):
    with pytest.raises(ValidationError):
        RESTART.parameters(**fields)


@pytest.mark.parametrize(("status", "body", "error"), [
    (500, b'{"message": "x"}', TemporaryError), (404, b"[]", PermanentError), (200, b"[]", PermanentError), (200, b"{", PermanentError),
    (200, b'{"a": "' + b"x" * 5_000_000 + b'"}', TemporaryError), (200, b"[" * 100_000, PermanentError),
])  # fmt: skip
async def test_a_strange_answer_never_crashes(docker, here, perform, status, body, error):
    docker.fail = web.Response(status=status, body=body)
    with pytest.raises(error):
        await perform("docker.state", here, container="memory")


async def test_nobody_there(connected, perform, tmp_path):
    here = connected("docker", "default", socket=str(tmp_path / "none.sock"), containers=["memory"])
    for name in ("docker.state", "docker.logs", "docker.restart"):
        with pytest.raises(TemporaryError) as raised:
            await perform(name, here, container="memory")
        assert raised.value.transport


@pytest.mark.parametrize("fields", [{}, {"socket": "a"}, {"socket": "/a", "url": "http://h"}, {"url": "ssh://h"}, {"url": "http://u:p@h"}, {"socket": "/a", "containers": ["../x"]}])
def test_connections_are_checked(fields):
    with pytest.raises(ValidationError):
        Connection.model_validate(fields)


@given(st.binary(max_size=200))
def test_any_stream_is_read(data):
    assert len(joined(data)) <= len(data)
