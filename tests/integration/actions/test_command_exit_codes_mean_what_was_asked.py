import pytest

from remediator.actions import registry
from remediator.errors import AmbiguousError, PermanentError, TemporaryError


def entry(connected, script, **fields):
    return connected("command", "it", argv=["/bin/sh", "-c", script], stop_within="300ms", **fields)


async def test_a_run_fails_on_an_unexpected_code(connected, perform):
    context = entry(connected, "echo first >&2; echo 'no disk' >&2; exit 4")
    with pytest.raises(PermanentError, match=r'^"it" ended with exit code 4, not 0, 2: no disk$'):
        await perform("command.run", context, command="it", expect_exit=[0, 2])
    assert (await perform("command.run", context, command="it", expect_exit=[4])).exit_code == 4
    assert (await perform("command.run", context, command="it", fail_on_exit=False)).exit_code == 4


async def test_a_run_that_said_nothing_may_have_happened(connected, perform):
    with pytest.raises(AmbiguousError, match='"it" was ended by signal 9'):
        await perform("command.run", entry(connected, "kill -9 $$"), command="it", fail_on_exit=False)


@pytest.mark.parametrize("argv", [["/no/such/program"], ["/etc/passwd"], ["/etc"]])
async def test_what_cannot_be_started_did_not_happen(argv, connected, perform):
    with pytest.raises(PermanentError, match="cannot be started"):
        await perform("command.run", connected("command", "it", argv=argv), command="it")


async def test_a_check_judges_the_code(connected, perform):
    context = entry(connected, "echo out; echo why >&2; exit 1", changes=False)
    found = await perform("command.check", context, command="it")
    assert (found.holds, found.exit_code, found.stdout) == (False, 1, "out\n")
    assert found.reason == '"it" ended with exit code 1, not 0: why'
    found = await perform("command.check", context, command="it", expect_exit=[1])
    assert (found.holds, found.reason) == (True, '"it" ended with exit code 1')


async def test_a_check_that_said_nothing_is_unknown(connected, perform):
    with pytest.raises(TemporaryError, match="signal 9"):
        await perform("command.check", entry(connected, "kill -9 $$", changes=False), command="it")
    with pytest.raises(TemporaryError, match=r"longer than 0\.1s"):
        await perform("command.check", entry(connected, "sleep 9", changes=False, time_limit="100ms"), command="it")


async def test_a_check_runs_nothing_that_changes(connected, perform, tmp_path):
    context = entry(connected, f"touch {tmp_path}/done")
    with pytest.raises(PermanentError, match="may change things"):
        await perform("command.check", context, command="it")
    assert not (tmp_path / "done").exists()
    assert registry.find("command.check").changes is False
    assert registry.find("command.run").changes is True
    assert not registry.find("command.run").checks


async def test_only_an_idempotent_entry_is_run_again(connected, tmp_path):
    action = registry.find("command.run")
    parameters = action.parameters.model_validate({"command": "it"})
    assert not action.idempotent(parameters)
    for idempotent in (False, True):
        context = entry(connected, f"touch {tmp_path}/done", idempotent=idempotent)
        assert action.repeatable(parameters, context) is idempotent
    assert not (tmp_path / "done").exists()


async def test_a_preview_starts_nothing(connected, tmp_path):
    action = registry.find("command.run")
    context = connected("command", "it", argv=["/bin/touch", str(tmp_path / "a b")], arguments_pattern=".*")
    parameters = action.parameters.model_validate({"command": "it", "arguments": ["c d"]})
    assert await action.preview(parameters, context) == f"/bin/touch '{tmp_path}/a b' 'c d'"
    assert list(tmp_path.iterdir()) == []
