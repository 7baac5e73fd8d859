import asyncio
import json
import logging
import stat

import pytest
from fakes.kubernetes_api import FakeKubernetes
from fakes.process_groups import alive

from remediator.errors import PermanentError, TemporaryError


@pytest.fixture
def plugin(tmp_path):
    """Return (a kubeconfig whose user is a plug-in, what writes the plug-in's program)."""
    program = tmp_path / "plugin"

    def write(server, script):
        program.write_text(f"#!/bin/sh\necho run >> {tmp_path}/runs\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        config = json.loads(server.kubeconfig(tmp_path).read_text())
        version = "client.authentication.k8s.io/v1"
        config["users"][0]["user"] = {"exec": {"apiVersion": version, "command": str(program), "interactiveMode": "Never"}}
        file = tmp_path / "plugin.json"
        file.write_text(json.dumps(config))
        return file

    write.runs = lambda: (tmp_path / "runs").read_text().count("run") if (tmp_path / "runs").exists() else 0
    write.token = tmp_path / "token"
    return write


def gives(token_file):
    credential = '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}'
    return f"printf '{credential}' \"$(cat {token_file})\""


async def test_and_nobody_notices(connect, plugin, restart, web):
    async with FakeKubernetes(token="first") as server:
        server.world.workload("deployment", "web")
        plugin.token.write_text("first")
        context = connect(server, kubeconfig=plugin(server, gives(plugin.token)))
        p = restart.parameters(**web)
        intent = await restart.resolve(p, context)
        assert plugin.runs() == 1  # one credential serves many requests
        server.token = "second"
        plugin.token.write_text("second")
        # The change itself meets the 401: refused before anything was done, so it may go out again.
        assert (await restart.perform(intent.parameters, context)).changed
        assert plugin.runs() == 2
        assert len(server.of("PATCH")) == 1


async def test_a_token_that_is_refused_for_good_is_not_tried_for_ever(connect, plugin, status, web):
    async with FakeKubernetes(token="good") as server:
        server.world.workload("deployment", "web")
        another_each_time = gives("").replace("cat ", "date +%N")
        context = connect(server, kubeconfig=plugin(server, another_each_time))
        with pytest.raises(TemporaryError, match="401"):
            await status.perform(status.parameters(**web), context)
        assert len(server.requests) == 2


async def test_one_that_fails_is_temporary_and_not_quoted(connect, server, plugin, status, web, caplog):
    context = connect(server, kubeconfig=plugin(server, "echo hunter2 >&2; exit 3"))
    with caplog.at_level(logging.DEBUG), pytest.raises(TemporaryError, match="the credential plug-in of") as caught:
        await status.perform(status.parameters(**web), context)
    assert not caught.value.transport
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in caplog.text


async def test_one_that_says_nonsense_is_refused(connect, server, plugin, status, web, caplog):
    context = connect(server, kubeconfig=plugin(server, "echo hunter2"))
    with caplog.at_level(logging.DEBUG), pytest.raises(PermanentError, match="cannot use") as caught:
        await status.perform(status.parameters(**web), context)
    assert "hunter2" not in str(caught.value) + caplog.text


@pytest.mark.parametrize("limit", ["of a request", "of the step"])
async def test_one_that_hangs_is_ended_with_all_that_it_started(connect, server, plugin, status, web, tmp_path, limit):
    script = f"sleep 60 & sleep 60 & echo $$ > {tmp_path}/pid; wait"
    long = "60s" if limit == "of the step" else "300ms"
    context = connect(server, kubeconfig=plugin(server, script), request_timeout=long)
    with pytest.raises((TemporaryError, TimeoutError)) as caught:
        async with asyncio.timeout(None if limit == "of a request" else 0.3):
            await status.perform(status.parameters(**web), context)
    assert limit == "of the step" or "no credential within the time" in str(caught.value)
    assert alive(int((tmp_path / "pid").read_text())) == []


async def test_one_that_never_ends_talking_is_ended(connect, server, plugin, status, web, tmp_path):
    context = connect(server, kubeconfig=plugin(server, f"echo $$ > {tmp_path}/pid; yes hunter2"), request_timeout="30s")
    with pytest.raises(PermanentError, match="cannot use"):
        await status.perform(status.parameters(**web), context)
    assert alive(int((tmp_path / "pid").read_text())) == []
