import asyncio
import tracemalloc

import pytest

from remediator.errors import AmbiguousError


async def test_the_beginning_and_the_end_are_kept(connected, perform):
    context = connected(
        "command",
        "it",
        argv=["/bin/sh", "-c", "echo first; seq 1 200000; echo last; echo problem >&2"],
        output_limit=2048,
    )
    found = await perform("command.run", context, command="it")
    assert found.stdout.startswith("first\n1\n2\n")
    assert found.stdout.endswith("200000\nlast\n")
    assert "bytes left out]" in found.stdout
    assert len(found.stdout) < 2048 + 50
    assert found.stderr == "problem\n"


async def test_a_flood_neither_fills_memory_nor_takes_the_loop(connected, perform):
    context = connected(
        "command", "it", argv=["/bin/sh", "-c", "yes | tr y x"], time_limit="1s", stop_within="300ms", output_limit=4096
    )
    beats = 0

    async def beat():
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    heart = asyncio.ensure_future(beat())
    tracemalloc.start()
    try:
        with pytest.raises(AmbiguousError, match="longer than 1s"):
            await perform("command.run", context, command="it")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        heart.cancel()
    assert peak < 5_000_000
    assert beats > 20


async def test_much_output_does_not_stall_it(connected, perform):
    context = connected(
        "command", "it", argv=["/bin/sh", "-c", "head -c 20000000 /dev/zero; echo done"], output_limit=4096
    )
    found = await perform("command.run", context, command="it")
    assert found.exit_code == 0
    assert found.stdout.endswith("done\n")
    assert "\x00" not in found.stdout


async def test_what_is_no_text_becomes_text(connected, perform):
    context = connected("command", "it", argv=["/usr/bin/printf", r"\377\033[1mhi\r\n"])
    found = await perform("command.run", context, command="it")
    assert found.stdout == "��[1mhi\n"
