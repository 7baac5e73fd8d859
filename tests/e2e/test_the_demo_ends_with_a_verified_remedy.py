import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "demo" / "demo.py"
ESCAPE = "\x1b["


async def demo(*arguments, terminal=False, **env):
    """Run it to its end; return exit code and output."""
    out, other = pty.openpty() if terminal else os.pipe()
    kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"} | env
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(DEMO), *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=other, stderr=other, env=kept
    )
    os.close(other)
    try:
        written = await asyncio.wait_for(asyncio.to_thread(read_all, out), 60)
        return await process.wait(), written
    finally:
        if process.returncode is None:
            process.terminate()
        os.close(out)


def read_all(descriptor):
    written = b""
    try:
        while part := os.read(descriptor, 65536):
            written += part
    except OSError:  # a terminal whose other end is closed
        pass
    return written.decode().replace("\r\n", "\n")


@pytest.fixture
def nothing_left(tmp_path):
    yield {"TMPDIR": str(tmp_path)}
    assert list(tmp_path.glob("remediator-demo-*")) == []


async def test_success_in_eight_steps_without_colour_in_a_pipe(nothing_left):
    code, written = await demo(**nothing_left)
    assert code == 0, written
    for line in (
        "8  Send that the alert has resolved", "POST /orders → 503", "202 accepted", 'ruled out: "restart the workers"',
        'chosen: "reset the circuit breaker"', "POST /admin/reset-breaker → 202", "not yet: the status is 503",
        "the service is healthy again, and that is verified",
    ):  # fmt: skip
        assert line in written
    for part in ("Situation", "Task", "Action", "Result", "Reflection"):
        assert f"\n   {part}\n" in written
    assert ESCAPE not in written
    assert [line for line in written.splitlines() if len(line) > 80] == []


async def test_a_remedy_that_does_not_help_ends_with_an_error_and_the_log(tmp_path):
    code, written = await demo("--stubborn", terminal=True, NO_COLOR="1", TMPDIR=str(tmp_path))
    assert code == 1
    assert "the run is escalated, not succeeded" in written
    assert ESCAPE not in written
    kept = next(tmp_path.glob("remediator-demo-*")) / "daemon.log"
    assert str(kept) in written
    last = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    assert [line["event"] for line in last] == ["ready", "run finished", "stopped"]


async def test_it_can_be_kept_up_and_stopped(nothing_left):
    out, other = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(DEMO), "--keep", stdin=asyncio.subprocess.DEVNULL, stdout=other, stderr=other,
        env=os.environ | {"TERM": "xterm", "NO_COLOR": ""} | nothing_left,
    )  # fmt: skip
    os.close(other)
    written = ""
    while "remediator breakers list" not in written:
        written += (await asyncio.wait_for(asyncio.to_thread(os.read, out, 65536), 30)).decode()
    assert ESCAPE in written  # a terminal has colour
    process.send_signal(signal.SIGINT)
    rest = await asyncio.wait_for(asyncio.to_thread(read_all, out), 15)
    assert await process.wait() == 0, rest
    assert "Traceback" not in rest
    os.close(out)


def test_its_files_are_right_as_they_stand(tmp_path):
    config = DEMO.parent / "remediator.yml"
    done = subprocess.run(
        [sys.executable, "-m", "remediator", "check", "--config.file", config],
        capture_output=True, text=True, cwd=tempfile.gettempdir(), check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 rules, 1 guides in use, 0 warnings" in done.stdout
