import itertools
import socket

import pytest

from remediator.errors import AmbiguousError, PermanentError, TemporaryError


@pytest.mark.parametrize("loss", [*itertools.product(["drop", "hang"], [True, False])])
async def test_and_asking_settles_it(server, connect, actions, web, loss):
    how, applied = loss
    restart, scale = actions["rollout_restart"], actions["scale"]
    context = connect(server, request_timeout="200ms")
    server.world.workload("deployment", "web", replicas=4)
    for action, p in ((restart, restart.parameters(**web)), (scale, scale.parameters(**web, by="+50%"))):
        intent = await action.resolve(p, context)
        getattr(server, how)("patch", applied=applied, times=1)
        with pytest.raises(AmbiguousError) as caught:
            await action.perform(intent.parameters, context)
        assert caught.value.transport
        server.heal()
        assert await action.happened(intent, context) is applied
    assert len(server.of("PATCH")) == 2  # the library did not try again by itself


@pytest.mark.parametrize("how", ["drop", "hang"])
async def test_a_dry_run_changes_nothing_so_it_is_not(server, connect, restart, web, how):
    context = connect(server, request_timeout="200ms")
    server.world.workload("deployment", "web")
    getattr(server, how)("patch")
    with pytest.raises(TemporaryError) as caught:
        await restart.preview(restart.parameters(**web), context)
    assert caught.value.transport


@pytest.mark.parametrize("how", ["drop", "hang"])
async def test_nor_is_a_read(server, connect, status, web, how):
    context = connect(server, request_timeout="200ms")
    getattr(server, how)("get")
    with pytest.raises(TemporaryError) as caught:
        await status.perform(status.parameters(**web), context)
    assert caught.value.transport


async def test_nor_is_a_change_that_was_never_sent(server, connect, tmp_path, restart, web):
    server.world.workload("deployment", "web")
    context = connect(server)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        server.kubeconfig(tmp_path)
        with pytest.raises(TemporaryError, match="no connection") as caught:
            await restart.perform(restart.parameters(**web), context)
    assert caught.value.transport


async def test_an_unreadable_answer_to_a_change_is_ambiguous(server, context, restart, web):
    server.world.workload("deployment", "web")
    server.answer("patch", "deployments", body=b"<html>welcome</html>")
    with pytest.raises(AmbiguousError):
        await restart.perform(restart.parameters(**web), context)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"null", b"3", b'{"a":', b"\xff", b"[" * 5000])
async def test_an_unreadable_answer_to_a_read_is_refused(server, context, actions, web, body):
    server.answer("get", "deployments", body=body)
    action = actions["describe_workload"]
    with pytest.raises(PermanentError, match="not what an API server sends"):
        await action.perform(action.parameters(**web), context)


async def test_an_answer_without_end_is_refused(server, context, status, web):
    server.answer("get", "deployments", body=b'{"kind": "' + b"x" * (33 * 1024 * 1024) + b'"}')
    with pytest.raises(PermanentError, match="not what an API server sends"):
        await status.perform(status.parameters(**web), context)


@pytest.mark.parametrize("items", ["{}", '"x"', "3"])
async def test_a_list_that_is_none_is_refused(server, context, actions, items):
    server.answer("list", body=f'{{"kind": "EventList", "items": {items}}}'.encode())
    with pytest.raises(PermanentError, match="not a list"):
        await actions["events"].perform(actions["events"].parameters(namespace="shop"), context)


@pytest.mark.parametrize("body", [b'{"items": null}', b"{}", b'{"items": [1, null, "x", [], {}]}'])
async def test_a_list_of_nothing_useful_is_empty(server, context, actions, body):
    server.answer("list", body=body)
    found = await actions["events"].perform(actions["events"].parameters(namespace="shop"), context)
    assert found.total <= 1


@pytest.mark.parametrize("body", [b"{}", b'{"kind": "Deployment", "spec": {"replicas": 3}}', b'{"kind": "Scale"}'])
async def test_what_is_no_scale_is_not_scaled(server, context, scale, web, body):
    server.answer("get", "deployments/scale", body=body)
    with pytest.raises(PermanentError, match="not a scale"):
        await scale.perform(scale.parameters(**web, replicas=5), context)
    assert not server.of("PATCH")
