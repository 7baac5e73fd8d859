import asyncio
import json

import pytest
from fakes.kubernetes_api import FakeKubernetes

from remediator.actions.kubernetes import Connection
from remediator.actions.kubernetes.api import open_api
from remediator.errors import ActionError, PermanentError, TemporaryError


async def test_it_is_sent(connect, status, web):
    async with FakeKubernetes(token="s3cret") as server:
        server.world.workload("deployment", "web")
        assert (await status.perform(status.parameters(**web), connect(server))).holds


async def test_after_a_401_it_is_read_again(connect, tmp_path, status, web):
    async with FakeKubernetes(token="new") as server:
        server.world.workload("deployment", "web")
        context = connect(server, token="old")
        api = await open_api(context, "default")
        async with api._client() as first:
            pass
        with pytest.raises(TemporaryError, match="401") as caught:
            await status.perform(status.parameters(**web), context)
        assert not caught.value.transport
        assert first.rest_client.pool_manager.closed
        server.kubeconfig(tmp_path)  # somebody renewed it
        assert (await status.perform(status.parameters(**web), context)).holds


async def test_a_401_does_not_disturb_requests_under_way(connect, actions, status, web):
    async with FakeKubernetes(token="good") as server:
        server.world.workload("deployment", "web")
        context = connect(server)
        server.hang("list", "events", times=1)
        events = actions["events"]
        slow = asyncio.create_task(events.perform(events.parameters(namespace="shop"), context))
        while not server.of("GET", "/events"):
            await asyncio.sleep(0.01)
        server.fail("get", "deployments", status=401, times=1)
        with pytest.raises(TemporaryError):
            await status.perform(status.parameters(**web), context)
        assert (await status.perform(status.parameters(**web), context)).holds
        assert not slow.done()
        server.heal()
        assert (await slow).total == 0


BROKEN = [
    "", "[]", "users: 3", "{", "a: [b", "clusters: [{}]\ncontexts: []\nusers: [{name: x, user: {token: hunter2}}]",
    json.dumps({
        "current-context": "a", "clusters": [{"name": "c", "cluster": "hunter2"}],
        "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"token": "hunter2", "exec": {"command": "hunter2"}}}],
    }),
    json.dumps({
        "current-context": "a", "clusters": [{"name": "c", "cluster": {"server": "https://hunter2"}}],
        "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"client-certificate-data": "aHVudGVyMg==", "client-key-data": "aHg="}}],
    }),
]  # fmt: skip


@pytest.mark.parametrize("content", BROKEN)
async def test_a_kubeconfig_that_is_none_is_refused_without_quoting_it(connect, server, tmp_path, status, content):
    file = tmp_path / "other"
    file.write_text(content)
    with pytest.raises(ActionError, match="cannot use") as caught:
        await status.perform(
            status.parameters(kind="deployment", name="web", namespace="shop"), connect(server, kubeconfig=file)
        )
    assert isinstance(caught.value, PermanentError)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None  # a traceback would print the cause
    assert caught.value.__suppress_context__


async def test_a_kubeconfig_or_context_that_is_not_there_is_named(connect, server, tmp_path, status, web):
    with pytest.raises(PermanentError, match="no such file"):
        await status.perform(status.parameters(**web), connect(server, kubeconfig=tmp_path / "absent"))
    with pytest.raises(PermanentError, match='context "prod"'):
        await status.perform(status.parameters(**web), connect(server, context="prod"))


async def test_a_token_that_cannot_be_a_header_is_not_quoted(connect, server, status, web):
    with pytest.raises(ActionError) as caught:
        await status.perform(status.parameters(**web), connect(server, token="hunter2\r\nX-Evil: 1"))
    assert "hunter2" not in str(caught.value)


async def test_outside_a_cluster_there_is_no_service_account(connect, server, status, web):
    with pytest.raises(PermanentError, match="the pod's service account"):
        await status.perform(status.parameters(**web), connect(server, kubeconfig=None))


@pytest.mark.parametrize(
    ("given", "inside"),
    [({}, True), ({"kubeconfig": "/k"}, False), ({"context": "c"}, False), ({"in_cluster": False}, False)],
)
def test_without_anything_said_it_is_the_pods_own(given, inside):
    assert Connection(**given).inside is inside


@pytest.mark.parametrize(
    "given",
    [
        {"in_cluster": True, "kubeconfig": "/k"}, {"in_cluster": True, "context": "c"}, {"request_timeout": "0s"},
        {"request_timeout": 5}, {"context": ""}, {"server": "x"},
    ],
)  # fmt: skip
def test_contradictions_are_refused(given):
    with pytest.raises(ValueError, match="validation error"):
        Connection(**given)


async def test_one_client_serves_all(server, context, status, web):
    server.world.workload("deployment", "web")
    p = status.parameters(**web)
    await asyncio.gather(*(status.perform(p, context) for _ in range(10)))
    api = await open_api(context, "default")
    assert api._session.users == 0
    assert {seen.agent for seen in server.requests} == {"remediator"}
