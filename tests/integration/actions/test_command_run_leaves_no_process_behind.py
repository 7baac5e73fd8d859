import asyncio
import time

import pytest
import uvloop
from fakes.process_groups import left
from msgspec.structs import replace

from remediator.actions import registry
from remediator.actions.context import Clients, Context
from remediator.errors import AmbiguousError

RUN = registry.find("command.run")
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(params=LOOPS)
def play(request):
    def run(coroutine):
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            return runner.run(coroutine)

    return run


async def start(script: str, **entry):
    # Zombies count as a group until init has taken them; the short grace does not wait for that.
    entry = {"argv": ["/bin/sh", "-c", script], "stop_within": "300ms"} | entry
    connection = registry.connection_model("command").model_validate(entry)
    context = replace(Context(session=None, clients=Clients()), connections={"command": {"it": connection}})
    return await RUN.perform(RUN.parameters.model_validate({"command": "it"}), context)


def test_after_a_normal_exit(play):
    ended = play(start("sleep 300 & sleep 301 >/dev/null 2>&1 & echo $$"))
    assert ended.exit_code == 0
    assert ended.duration_ms < 5000  # the sleeper held stdout open; it was not waited for
    assert left(int(ended.stdout)) == []


def test_what_ignores_sigterm_is_killed(play, tmp_path):
    began = time.perf_counter()
    ended = play(start("(trap '' TERM; sleep 300; sleep 300) & echo $$; sleep 0.2"))
    assert time.perf_counter() - began < 5
    assert left(int(ended.stdout)) == []


def test_at_the_limit(play, tmp_path):
    note = tmp_path / "pid"
    script = f"trap '' TERM; echo $$ > {note}; echo gave up >&2; sleep 300 & wait; sleep 300"
    began = time.perf_counter()
    with pytest.raises(AmbiguousError, match=r"longer than 0\.3s: gave up"):
        play(start(script, time_limit="300ms"))
    assert time.perf_counter() - began < 5
    assert left(int(note.read_text())) == []


def test_it_may_clean_up_at_the_limit(play, tmp_path):
    note = tmp_path / "note"
    with pytest.raises(AmbiguousError):
        play(start(f"trap 'echo cleaned > {note}; exit 1' TERM; sleep 300 & wait", time_limit="300ms"))
    assert note.read_text() == "cleaned\n"


@pytest.mark.parametrize("twice", [False, True])
def test_when_cancelled(play, tmp_path, twice):
    note = tmp_path / "pid"

    async def cancel():
        task = asyncio.ensure_future(
            start(f"trap '' TERM; echo $$ > {note}; sleep 300 & sleep 301", stop_within="500ms")
        )
        while not note.exists() or not note.read_text():
            await asyncio.sleep(0.01)
        task.cancel()
        if twice:
            await asyncio.sleep(0.1)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    play(cancel())
    assert left(int(note.read_text())) == []


def test_when_cancelled_while_starting(play, tmp_path):
    note = tmp_path / "pid"

    async def cancel():
        task = asyncio.ensure_future(start(f"echo $$ > {note}; sleep 300"))
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    play(cancel())
    if note.exists() and note.read_text():
        assert left(int(note.read_text())) == []


def test_what_leaves_the_group_is_not_waited_for(play):
    began = time.perf_counter()
    # It takes the pipes along into a session of its own.
    ended = play(start("setsid sleep 4 & sleep 0.2; echo started"))
    assert ended.stdout == "started\n"
    assert time.perf_counter() - began < 3.5
