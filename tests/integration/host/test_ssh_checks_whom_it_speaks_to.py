"""A real sshd on loopback; keys are made in the test."""

import asyncio

import pytest
from fakes.small_server import closed_port
from fakes.ssh_server import make_key
from pydantic import ValidationError

from remediator.actions.answers.machine import MachineConnection, machine_of
from remediator.errors import AmbiguousError, PermanentError, TemporaryError


async def test_a_host_key_that_is_not_the_one_we_know(perform, at, sshd):
    known = sshd.home / "other_hosts"
    known.write_text(f"[127.0.0.1]:{sshd.port} {make_key(sshd.home / 'other')}\n")
    with pytest.raises(PermanentError, match="the host key of"):
        await perform("host.memory", at(host=sshd.fields | {"known_hosts_file": str(known)}))
    known.write_text("elsewhere.example " + make_key(sshd.home / "third") + "\n")
    with pytest.raises(PermanentError, match="the host key of"):
        await perform("host.memory", at(host=sshd.fields | {"known_hosts_file": str(known)}))


async def test_no_known_host_is_not_any_host(perform, at, sshd):
    empty = sshd.home / "empty"
    empty.write_text("")
    with pytest.raises(PermanentError, match="no host key"):
        await perform("host.memory", at(host=sshd.fields | {"known_hosts_file": str(empty)}))
    with pytest.raises(PermanentError, match="cannot read the host keys"):
        await perform("host.memory", at(host=sshd.fields | {"known_hosts_file": "/nowhere"}))


async def test_a_key_that_is_refused_or_none(perform, at, sshd):
    make_key(sshd.home / "stranger")
    with pytest.raises(PermanentError, match="refuses user"):
        await perform("host.memory", at(host=sshd.fields | {"key_file": str(sshd.home / "stranger")}))
    (sshd.home / "junk").write_text("s3cr3t-that-is-no-key")
    with pytest.raises(PermanentError, match="holds no private key") as raised:
        await perform("host.memory", at(host=sshd.fields | {"key_file": str(sshd.home / "junk")}))
    assert "s3cr3t" not in repr((raised.value, raised.value.__cause__))


async def test_nobody_there(perform, at, sshd):
    context = at(host=sshd.fields | {"port": await closed_port()})
    with pytest.raises(TemporaryError) as raised:
        await perform("host.memory", context)
    assert raised.value.transport
    check = await perform("host.check", context, memory_below=0.9)
    assert (check.holds, "no ssh connection" in check.reason) == (False, True)


async def test_words_stay_words(at, sshd):
    async with machine_of("default", at(host=sshd.fields)) as machine:
        hostile = "a b;touch /tmp/x $(id) `id` 'q' \"d\" \n*"
        assert (await machine.run(("printf", "%s|", hostile, "--"))).output.decode() == f"{hostile}|--|"
        assert (await machine.run(("sh", "-c", "echo no >&2; exit 3")))[:3] == (3, b"", "no")
        with pytest.raises(PermanentError, match="no-such-program is not installed"):
            await machine.run(("no-such-program",))
        with pytest.raises(PermanentError, match="cannot read /nowhere"):
            await machine.read("/nowhere")


@pytest.mark.parametrize("where", ["local", "ssh"])
async def test_output_is_bounded_and_a_program_that_never_ends_is_ended(at, sshd, where):
    async with machine_of("default", at(host={"local": True} if where == "local" else sshd.fields)) as machine:
        ran = await asyncio.wait_for(machine.run(("yes",), limit=1000), 10)
        assert (len(ran.output), ran.cut) == (1000, True)


@pytest.mark.parametrize("changes", [True, False])
async def test_an_answer_that_is_lost(at, sshd, changes):
    async with machine_of("default", at(host=sshd.fields)) as machine:
        # The command ends its own connection: nobody hears how it ended.
        with pytest.raises(AmbiguousError if changes else TemporaryError):
            await machine.run(("sh", "-c", "kill -9 $PPID; sleep 5"), changes=changes)


@pytest.mark.parametrize("fields", [
    {}, {"local": True, "address": "h"}, {"address": "h"}, {"address": "h", "user": "u", "key_file": "/k"},
    {"address": "-oProxyCommand=x", "user": "u", "key_file": "/k", "known_hosts_file": "/h"},
])  # fmt: skip
def test_connections_are_whole(fields):
    with pytest.raises(ValidationError):
        MachineConnection.model_validate(fields)
