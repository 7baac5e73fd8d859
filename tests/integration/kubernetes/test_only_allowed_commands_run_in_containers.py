import asyncio

import pytest
from fakes.kubernetes_looks import Program

from remediator.actions.kubernetes import Connection
from remediator.errors import AmbiguousError, PermanentError, TemporaryError

COMMANDS = {
    "ping": {"argv": ["redis-cli", "ping"], "read_only": True, "time_limit": "200ms"},
    "check": {"argv": ["check"], "read_only": True, "arguments_max": 2, "arguments_pattern": "[a-z]+", "output_limit": 1024},
    "flush": {"argv": ["redis-cli", "flushall"], "time_limit": "200ms"},
    "again": {"argv": ["touch", "/tmp/x"], "idempotent": True},
    "mine": {"argv": ["id"], "read_only": True, "namespaces": ["other"], "container": "sidecar"},
}


@pytest.fixture
async def allowed(connect, server):
    server.world.workload("deployment", "web")
    return connect(server, exec=COMMANDS)


@pytest.fixture
def look(actions, allowed, web):
    async def look(command, **values):
        action = actions["exec"]
        return await action.perform(action.parameters(**{**web, "command": command, **values}), allowed)

    return look


@pytest.fixture
def change(actions, allowed, web):
    async def change(command, **values):
        action = actions["exec_change"]
        return await action.perform(action.parameters(**{**web, "command": command, **values}), allowed)

    return change


def answers(server, **program):
    server.programs = lambda _argv, _container: Program(**program)


async def test_it_runs_and_says_how_it_ended(server, look):
    answers(server, messages=[(1, b"PO"), (2, b"warning\n"), (1, b"NG\n")])
    found = await look("ping")
    assert (found.holds, found.exit_code, found.stdout, found.stderr) == (True, 0, "PONG\n", "warning\n")
    ((argv, container, query, protocols),) = server.execs
    assert (argv, container) == (["redis-cli", "ping"], "app")
    assert (query["stdout"], query["stderr"], "stdin" in query, "tty" in query) == ("true", "true", False, False)
    assert protocols.replace(" ", "") == "v5.channel.k8s.io,v4.channel.k8s.io"
    assert found.complete


async def test_an_older_server_speaks_version_4(server, look):
    answers(server, messages=[(1, b"PONG")], protocols=("v4.channel.k8s.io",))
    assert (await look("ping")).stdout == "PONG"


async def test_a_server_that_speaks_neither(server, look):
    answers(server, protocols=("channel.k8s.io",))
    with pytest.raises(TemporaryError, match="speaks neither"):
        await look("ping")


async def test_an_exit_code_is_an_answer(server, look, change):
    answers(server, code=3, messages=[(2, b"first\nlast words\n")])
    found = await look("ping")
    assert (found.holds, found.exit_code) == (False, 3)
    assert "exit code 3, not 0: last words" in found.reason
    assert (await look("ping", expect_exit=[0, 3])).holds
    with pytest.raises(PermanentError, match="exit code 3, not 0: last words"):
        await change("flush")
    assert (await change("flush", expect_exit=[3])).exit_code == 3


@pytest.mark.parametrize(
    ("command", "words"),
    [("nope", "no command"), ("pign", 'did you mean "ping"'), ("flush", "read_only: true"), ("mine", "namespace shop")],
)
async def test_what_is_not_allowed_is_never_begun(server, look, command, words):
    with pytest.raises(PermanentError, match=words):
        await look(command)
    assert not server.requests


@pytest.mark.parametrize("arguments", [["a", "b", "c"], ["-rf"], ["a b"], ["$(id)"], ["a\0"], ["a\n"]])
async def test_arguments_that_do_not_fit_the_entry(server, look, arguments):
    with pytest.raises(PermanentError, match="argument"):
        await look("check", arguments=arguments)
    assert not server.execs


async def test_arguments_follow_the_entrys_own(server, look):
    await look("check", arguments=["deep", "disk"])
    assert server.execs[0][0] == ["check", "deep", "disk"]


async def test_output_is_capped_and_printable(server, look):
    answers(server, messages=[(1, b"x" * 700), (1, b"y" * 700), (2, b"\x1b[31mred\x00"), (7, b"what?"), (1, b"")])
    found = await look("check")
    assert found.stdout == "x" * 700 + "y" * 324
    assert found.stderr == "\ufffd[31mred\ufffd"
    assert not found.complete


async def test_one_that_does_not_end(server, look, change):
    answers(server, end="hang")
    with pytest.raises(TemporaryError, match="did not end within"):
        await look("ping")
    with pytest.raises(AmbiguousError, match="may go on running"):
        await change("flush")


async def test_a_lost_end(server, look, change):
    answers(server, end="cut", messages=[(1, b"half")])
    with pytest.raises(TemporaryError, match="ended before the command did"):
        await look("ping")
    with pytest.raises(AmbiguousError, match="ended before the command did"):
        await change("flush")


async def test_one_that_could_not_be_started(server, look, change):
    answers(server, end="unstarted")
    for run, command in ((look, "ping"), (change, "flush")):
        with pytest.raises(PermanentError, match="was not run: exec failed"):
            await run(command)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"[]", b"null", b'{"status": 3}', b'{"status": "Failure", "reason": "NonZeroExitCode"}',
        b'{"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": [{"reason": "ExitCode", "message": "many"}]}}',
        b'{"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": [3, null]}}', b"x" * 300_000,
    ],
)  # fmt: skip
async def test_a_strange_status_never_crashes_it(server, look, raw):
    answers(server, raw=raw)
    with pytest.raises((PermanentError, TemporaryError)):
        await look("ping")


@pytest.mark.parametrize(("status", "error"), [(403, PermanentError), (404, PermanentError), (500, TemporaryError), (429, TemporaryError)])
async def test_a_refusal_has_begun_nothing(server, look, change, status, error):
    server.fail("get", "pods/exec", status=status)
    with pytest.raises(error, match=str(status)):
        await look("ping")
    with pytest.raises(error, match=str(status)):
        await change("flush")
    assert not server.execs


async def test_a_lost_answer_to_a_change_is_ambiguous(server, look, change):
    server.drop("get", "pods/exec")
    with pytest.raises(TemporaryError):
        await look("ping")
    server.requests.clear()
    with pytest.raises(AmbiguousError):
        await change("flush")
    assert len(server.of("GET", "/exec")) == 1  # asked once: a second time could run it twice


async def test_in_a_pod_that_is_ready(server, look):
    first, second = server.world.of("pods", "shop")
    first["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    assert (await look("ping")).pod == second["metadata"]["name"]
    second["status"]["conditions"] = []
    with pytest.raises(PermanentError, match="has no pod that is ready"):
        await look("ping")
    name = first["metadata"]["name"]
    assert (await look("ping", kind="pod", name=name)).pod == name
    assert (await look("ping", pod=name)).pod == name
    with pytest.raises(PermanentError, match="has no pod nope"):
        await look("ping", pod="nope")


async def test_the_entrys_container(server, actions, allowed, look):
    server.world.workload("deployment", "web", namespace="other")
    await look("mine", namespace="other")
    assert server.execs[0][1] == "sidecar"


async def test_a_change_fixes_the_pod_before_it_is_begun(server, actions, allowed, web):
    action = actions["exec_change"]
    p = action.parameters(**web, command="flush")
    intent = await action.resolve(p, allowed)
    names = [pod["metadata"]["name"] for pod in server.world.of("pods", "shop")]
    assert intent.parameters.pod == min(names)
    shown = await action.preview(intent.parameters, allowed)
    assert shown == f"in pod shop/{min(names)}, container app: redis-cli flushall"
    assert not server.execs
    assert action.targets(p) == ("kubernetes/default/shop/deployment/web",)
    again = action.parameters(**web, command="again")
    assert [action.repeatable(each, allowed) for each in (p, again)] == [False, True]
    assert not action.idempotent(again)


async def test_being_cancelled_closes_the_connection(server, look):
    answers(server, end="hang")
    running = asyncio.ensure_future(look("check"))
    while not server.execs:
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.mark.parametrize("entry", [{}, {"argv": []}, {"argv": [""]}, {"argv": ["a\0"]}, {"argv": ["a"], "shell": True}, {"argv": "ls"}])
def test_an_entry_that_is_wrong(entry):
    with pytest.raises(ValueError, match="validation error"):
        Connection(exec={"x": entry})
