import pytest

from remediator.errors import AmbiguousError, PermanentError, TemporaryError


@pytest.mark.parametrize("code", [400, 403, 404, 405, 415, 422])
async def test_what_will_not_get_better(server, context, restart, web, code):
    server.world.workload("deployment", "web")
    server.fail("patch", "deployments", status=code, message="the reason is this")
    with pytest.raises(PermanentError, match=f"PATCH .*deployments/web: {code} the reason is this") as caught:
        await restart.perform(restart.parameters(**web), context)
    assert not caught.value.transport
    assert len(server.of("PATCH")) == 1


@pytest.mark.parametrize("code", [409, 410, 429, 500, 503])
async def test_what_may_get_better(server, context, restart, web, code):
    server.world.workload("deployment", "web")
    server.fail("patch", "deployments", status=code)
    with pytest.raises(TemporaryError, match=str(code)) as caught:
        await restart.perform(restart.parameters(**web), context)
    assert not caught.value.transport  # the server answered; its breaker must not open
    assert caught.value.retry_after is None
    assert len(server.of("PATCH")) == 1  # nothing is tried twice


@pytest.mark.parametrize(
    "message",
    [
        "failed to create typed patch object (shop/flags; /v1, Kind=ConfigMap): .dta: field not declared in schema",
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    ],
)
async def test_what_will_not_get_better_though_it_is_called_an_error_of_the_server(server, context, restart, web, message):
    server.world.workload("deployment", "web")
    server.fail("patch", "deployments", status=500, message=message)
    with pytest.raises(PermanentError, match="500 "):
        await restart.perform(restart.parameters(**web), context)


@pytest.mark.parametrize("end", ['": json: cannot unmarshal number into Go struct field', ""])
async def test_what_the_server_quotes_whole_is_not_passed_on(server, context, restart, web, end):
    quoted = '{\\"env\\":[{\\"name\\":\\"PASSWORD\\",\\"value\\":\\"hunter2\\"}]}' + "\n" * 3
    server.world.workload("deployment", "web")
    server.fail("patch", "deployments", status=422, message=f' "" is invalid: patch: Invalid value: "{quoted}{end}')
    with pytest.raises(PermanentError, match=r"422 .*is invalid: patch: Invalid value:") as caught:
        await restart.perform(restart.parameters(**web), context)
    assert "hunter2" not in str(caught.value)
    assert not end or "cannot unmarshal number" in str(caught.value)


async def test_a_timeout_at_the_server_leaves_a_change_ambiguous_but_not_a_read(server, context, restart, status, web):
    server.world.workload("deployment", "web")
    server.fail("patch", "deployments", status=504)
    with pytest.raises(AmbiguousError, match="504"):
        await restart.perform(restart.parameters(**web), context)
    server.fail("get", "deployments", status=504)
    with pytest.raises(TemporaryError, match="504"):
        await status.perform(status.parameters(**web), context)


async def test_how_long_to_wait_is_passed_on(server, context, status, web):
    server.fail("get", "deployments", status=429, retry_after=7)
    with pytest.raises(TemporaryError) as caught:
        await status.perform(status.parameters(**web), context)
    assert caught.value.retry_after == 7


@pytest.mark.parametrize("case", [(502, True), (503, True), (504, True), (500, False)])
async def test_a_gateway_without_a_server_counts_as_transport(server, context, status, web, case):
    code, silent = case
    server.answer("get", "deployments", status=code, body=b"<html>Bad gateway</html>", media="text/html")
    with pytest.raises(TemporaryError) as caught:
        await status.perform(status.parameters(**web), context)
    assert caught.value.transport is silent


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\xff\xfe", b"[1,2]", b"null", b'"text"', b"{", b'{"kind":"Status","message":["x"],"details":"no"}',
        b'{"kind":"Status","message":null}', b"[" * 100_000,
    ],
)  # fmt: skip
async def test_a_refusal_in_strange_words_is_a_refusal(server, context, status, web, body):
    server.answer("get", "deployments", status=403, body=body)
    with pytest.raises(PermanentError, match="403"):
        await status.perform(status.parameters(**web), context)


async def test_the_servers_words_are_bounded_and_on_one_line(server, context, status, web):
    server.fail("get", "deployments", status=403, message="no\n\x1b[2J" + "x" * 100_000)
    with pytest.raises(PermanentError) as caught:
        await status.perform(status.parameters(**web), context)
    assert len(str(caught.value)) < 700
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


async def test_an_unknown_workload_is_named(context, actions, web):
    for name in ("rollout_restart", "rollout_status", "describe_workload"):
        with pytest.raises(PermanentError, match=r'deployments\.apps "web" not found'):
            await actions[name].perform(actions[name].parameters(**web), context)


async def test_an_unknown_connection_is_named(context, status, web):
    with pytest.raises(PermanentError, match='no kubernetes connection "prod"'):
        await status.perform(status.parameters(**web, connection="prod"), context)
