"""What is written to a pipe whose reader has stopped waits, up to a bound; the writer never does."""

import asyncio
import io
import json
import os

import pytest
from fakes.run_views import succeeded

from remediator import logs
from remediator.core.reporting import Message, Telling
from remediator.errors import PermanentError, TemporaryError
from remediator.interfaces.console import ConsoleReporter
from remediator.outlet import Outlet

FULL = 64 * 1024  # pipe(7): "the pipe capacity is 16 pages"


@pytest.fixture
def pipe():
    reads, writes = os.pipe()
    with os.fdopen(writes, "w", encoding="utf-8") as stream:
        yield reads, stream
    os.close(reads)


def everything(reads, outlet):
    """Read until nothing is left."""
    os.set_blocking(reads, False)
    got = b""
    while True:
        outlet.finish(0)
        try:
            got += os.read(reads, 1 << 20)
        except BlockingIOError:
            return got.decode()


def test_what_was_taken_comes_whole_and_in_order(pipe):
    reads, stream = pipe
    outlet = Outlet(stream, most=100_000)
    taken = []
    for number in range(10_000):
        line = f"{number} {'ö' * (number % 997)}\n"
        if outlet.offer(line):
            taken.append(line)
    assert FULL < sum(len(line.encode()) for line in taken) < FULL + 100_000 + 3000
    assert everything(reads, outlet) == "".join(taken)


def test_one_text_is_taken_however_long_it_is(pipe):
    reads, stream = pipe
    outlet = Outlet(stream)
    long = "x" * 1_000_000
    assert outlet.offer(long)
    assert not outlet.offer("more")
    assert everything(reads, outlet) == long
    assert outlet.offer("more")


def test_one_that_went_away_is_said(pipe):
    reads, stream = pipe
    outlet = Outlet(stream)
    assert outlet.offer("x" * 100_000)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, reads)
    os.close(null)
    with pytest.raises(BrokenPipeError):
        outlet.offer("more")


def test_another_writer_that_is_faster_is_no_error(pipe):
    reads, stream = pipe
    os.set_blocking(stream.fileno(), False)
    outlet = Outlet(stream, most=10)
    outlet._room = type("Wrong", (), {"poll": lambda *_: True})()  # as it was a moment ago
    while outlet.offer("x" * 1000):
        pass
    assert set(everything(reads, outlet)) == {"x"}


def test_a_stream_in_memory_is_written():
    out = io.StringIO()
    assert Outlet(out).offer("text")
    assert out.getvalue() == "text"


@pytest.mark.parametrize("style", ["json", "pretty"])
def test_lines_of_the_log_that_are_dropped_are_counted(pipe, style):
    reads, stream = pipe
    logs.configure(style, "info", stream)
    log = logs.structlog.get_logger("test")
    for number in range(20_000):
        log.info("a line", number=number)
    os.set_blocking(reads, False)
    got = os.read(reads, 1 << 20)
    for _ in range(100):
        log.info("another")
        while True:
            try:
                got += os.read(reads, 1 << 20)
            except BlockingIOError:
                break
    lines = got.decode().splitlines()
    written = sum("a line" in line for line in lines)
    (told,) = [line for line in lines if logs.DROPPED in line]
    assert str(20_000 - written) in told
    assert sum("another" in line for line in lines) == 100
    if style == "json":
        assert json.loads(told)["level"] == "warning"


async def test_a_report_waits_in_the_store(pipe):
    reads, stream = pipe
    reporter = ConsoleReporter(stream)
    message = Message(succeeded(), Telling.MESSAGE, "", None)
    with pytest.raises(TemporaryError, match="nobody reads the console"):
        await asyncio.gather(*(reporter.tell(message) for _ in range(1000)))
    assert everything(reads, reporter._outlet).endswith("\n")
    await reporter.tell(message)


async def test_a_closed_console_is_given_up(pipe):
    _, stream = pipe
    reporter = ConsoleReporter(stream)
    null = os.open("/dev/full", os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
    with pytest.raises(PermanentError):
        await reporter.tell(Message(succeeded(), Telling.MESSAGE, "", None))


def test_a_stream_that_was_closed_writes_into_no_other(pipe, tmp_path):
    _, stream = pipe
    outlet = Outlet(stream)
    number = stream.fileno()
    stream.close()
    other = os.open(tmp_path / "other", os.O_RDWR | os.O_CREAT)
    os.dup2(other, number)
    with pytest.raises(ValueError, match="closed file"):
        outlet.offer("text")
    assert (tmp_path / "other").read_bytes() == b""
    os.close(number)
    if other != number:
        os.close(other)
