import pytest
from pydantic import ValidationError

from remediator.actions import registry
from remediator.errors import PermanentError


async def test_they_arrive_as_they_are(connected, perform):
    context = connected("command", "it", argv=["/usr/bin/printf", "<%s>"], arguments_pattern="(?s:.*)")
    arguments = ["a b", "$(id)", "; rm -rf /", "`id`", "*", "", "é\n", "-n"]
    found = await perform("command.run", context, command="it", arguments=arguments)
    assert found.stdout == "".join(f"<{argument}>" for argument in arguments)


@pytest.mark.parametrize("argument", ["a b", "$(id)", ";", "a\n", "é", "a\0b", "'", "x" * 5000, "\ud800"])
async def test_by_default_only_plain_ones_are_allowed(argument, connected, perform):
    context = connected("command", "it", argv=["/usr/bin/touch", "/nowhere/x"])
    with pytest.raises(PermanentError, match="argument 2"):
        await perform("command.run", context, command="it", arguments=["fine", argument])


@pytest.mark.parametrize("argument", ["a\0b", "\ud800"])
async def test_what_the_system_cannot_take_is_refused(argument, connected, perform):
    context = connected("command", "it", argv=["/bin/true"], arguments_pattern="(?s:.*)")
    with pytest.raises(PermanentError, match="argument 1"):
        await perform("command.run", context, command="it", arguments=[argument])


async def test_the_pattern_must_match_the_whole(connected, perform):
    context = connected("command", "it", argv=["/bin/echo"], arguments_pattern="web|db")
    assert (await perform("command.run", context, command="it", arguments=["web"])).stdout == "web\n"
    with pytest.raises(PermanentError, match="arguments_pattern"):
        await perform("command.run", context, command="it", arguments=["web-1"])


async def test_there_are_not_more_than_allowed(connected, perform):
    context = connected("command", "it", argv=["/bin/echo"], arguments_max=1)
    with pytest.raises(PermanentError, match="2 arguments; the command takes 1 at most"):
        await perform("command.run", context, command="it", arguments=["a", "b"])


async def test_a_command_that_is_not_listed_is_refused(connected, perform):
    context = connected("command", "restart", argv=["/bin/true"])
    with pytest.raises(PermanentError, match='no command connection "restrat"; did you mean "restart"'):
        await perform("command.run", context, command="restrat")


@pytest.mark.parametrize(
    "fields",
    [
        {}, {"argv": []}, {"argv": ["ls"]}, {"argv": ["./ls"]}, {"argv": ["/bin/ls", "a\0"]}, {"cwd": "tmp"},
        {"argv": "/bin/ls -l"}, {"env": {"A=B": "c"}}, {"env": {"A": "\0"}}, {"pass_env": ["A B"]}, {"shell": True},
        {"arguments_pattern": "("}, {"arguments_pattern": "(?=x)"}, {"time_limit": "0"}, {"output_limit": 10},
    ],
)  # fmt: skip
def test_an_entry_that_is_wrong_is_refused(fields):
    with pytest.raises(ValidationError):
        registry.connection_model("command").model_validate({"argv": ["/bin/ls"]} | fields if fields else {})
