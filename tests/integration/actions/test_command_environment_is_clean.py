import os

import pytest
from msgspec.structs import replace

from remediator.errors import PermanentError


@pytest.fixture
def variables(monkeypatch):
    monkeypatch.setenv("DAEMON_SECRET", "no-one-may-see")
    monkeypatch.setenv("HTTP_PROXY_LIST", "passed-on")


async def environment(perform, context):
    found = await perform("command.run", context, command="it")
    return dict(line.split("=", 1) for line in found.stdout.splitlines())


async def test_only_what_the_entry_says(variables, connected, perform):
    context = connected(
        "command",
        "it",
        argv=["/usr/bin/env"],
        env={"MODE": "fast", "LANG": "C"},
        pass_env=["HTTP_PROXY_LIST", "ABSENT"],
    )
    assert await environment(perform, context) == {
        "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C", "MODE": "fast", "HTTP_PROXY_LIST": "passed-on",
        "REMEDIATOR_RUN": "run-1", "REMEDIATOR_KEY": "run-1/0/act/0.0",
    }  # fmt: skip
    assert os.environ["DAEMON_SECRET"] == "no-one-may-see"


async def test_secrets_come_from_files_and_are_hidden(connected, perform, tmp_path):
    (tmp_path / "password").write_text("hunter22\n")
    context = connected(
        "command", "it", argv=["/bin/sh", "-c", '[ "$PW" = hunter22 ] && echo "it is $PW"; echo "bad $PW" >&2; exit 3'],
        env_from_files={"PW": str(tmp_path / "password")},
    )  # fmt: skip
    with pytest.raises(PermanentError) as caught:
        await perform("command.run", context, command="it")
    assert str(caught.value) == '"it" ended with exit code 3, not 0: bad [hidden]'
    found = await perform("command.run", context, command="it", fail_on_exit=False)
    assert (found.stdout, found.stderr) == ("it is [hidden]\n", "bad [hidden]\n")
    (tmp_path / "password").unlink()
    with pytest.raises(PermanentError, match="cannot read the secret"):
        await perform("command.run", context, command="it")


async def test_it_has_no_input_and_its_own_directory(connected, perform, tmp_path):
    at_root = connected("command", "it", argv=["/bin/sh", "-c", "pwd; cat; ls /proc/self/fd | wc -l"])
    assert (await perform("command.run", at_root, command="it")).stdout.split()[0] == "/"
    elsewhere = connected("command", "it", argv=["/bin/pwd"], cwd=str(tmp_path))
    assert (await perform("command.run", elsewhere, command="it")).stdout == f"{tmp_path}\n"
    nowhere = connected("command", "it", argv=["/bin/pwd"], cwd=str(tmp_path / "absent"))
    with pytest.raises(PermanentError, match="cannot be started in"):
        await perform("command.run", nowhere, command="it")


async def test_no_open_file_of_the_daemon_is_handed_on(connected, perform, tmp_path):
    with (tmp_path / "open").open("w") as held:
        context = connected("command", "it", argv=["/bin/ls", "-l", "/proc/self/fd"])
        found = await perform("command.run", replace(context, key=""), command="it")
        assert str(tmp_path) not in found.stdout
        assert not held.closed
