"""A frozen machine, SIGSTOP: its time is up and it has ended, both are heard of at once. It did what it should."""

import asyncio
import time

import pytest
import uvloop

from remediator.actions.command.process import run_to_end


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_what_ended_meanwhile(loop):
    async def stopped():
        asyncio.get_running_loop().call_later(0.2, time.sleep, 1.5)
        return await run_to_end(
            ["/bin/sh", "-c", "sleep 0.5; echo done"], cwd="/", env={}, time_limit=1.0, stop_within=1, output_limit=100
        )

    with asyncio.Runner(loop_factory=loop) as runner:
        ended = runner.run(stopped())
    assert (ended.in_time, ended.exit_code, ended.stdout) == (True, 0, b"done\n")
