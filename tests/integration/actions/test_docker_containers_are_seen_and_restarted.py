"""Against a fake engine: a real HTTP server on a unix socket, and no Docker behind it."""

from dataclasses import replace

import pytest
from aiohttp import web
from fakes.docker_engine import framed, start_docker
from hypothesis import given
from hypothesis import strategies as st
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
