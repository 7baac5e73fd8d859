"""Runs one child process to its end, whatever it does: bounded in time and memory, nothing left behind.

The child leads a process group of its own. The group gets SIGTERM and then SIGKILL when the time
is up, when the step is cancelled, and also after the child ended by itself: what it left running
in its group would act on without anybody watching.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from time import perf_counter

from msgspec import Struct

from remediator.errors import PermanentError, TemporaryError

_POLL = 0.02  #: seconds between two looks at a group that is ending
_LAST_WORDS = 1.0  #: seconds for what is still in the pipes, and for the kernel to end a killed process
_HEARD_OF = 0.05  #: seconds in which the end of a process reaches us
_BREATH = 0.001  #: seconds between two reads of what is thrown away: a flood must not take the whole loop
_PIECE = 256 * 1024  #: bytes that are read at once
_PASSES = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE})


class Ended(Struct, frozen=True):
    """How a child process ended."""

    exit_code: int | None  #: negative: the signal that ended it; None when it could not be ended
    in_time: bool  #: false: it was stopped because its time was up
    stdout: bytes
    stderr: bytes
    seconds: float


class _Capture:
    """One pipe: the child's end of it, and the beginning and the end of what comes out.

    It is read here, not by ``connect_read_pipe``: uvloop's closes the descriptor twice (uvloop issue 763), and
    between the two it may have become the store's.
    """

    def __init__(self, limit: int) -> None:
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self.child_end = -1  #: file descriptor for the child
        self._our_end = -1
        self._half = limit // 2
        self._head, self._tail = bytearray(), bytearray()
        self._seen = 0

    def open(self) -> None:
        """Make the pipe."""
        self._our_end, self.child_end = os.pipe()
        os.set_blocking(self._our_end, False)
        self._listen()

    def release(self) -> None:
        """Close our copy of the child's end, so that the stream can end."""
        if self.child_end >= 0:
            os.close(self.child_end)
            self.child_end = -1

    def close(self) -> None:
        """Read no more."""
        self.release()
        if self._our_end >= 0:
            self._loop.remove_reader(self._our_end)
            os.close(self._our_end)
            self._our_end = -1
        if not self.closed.done():
            self.closed.set_result(None)

    def kept(self) -> bytes:
        """Return what was kept, with a note where something was left out."""
        left_out = self._seen - len(self._head) - len(self._tail)
        note = b"\n[%d bytes left out]\n" % left_out if left_out else b""
        return bytes(self._head + note + self._tail)

    def _listen(self) -> None:
        if self._our_end >= 0:
            self._loop.add_reader(self._our_end, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._our_end, _PIECE)
        except BlockingIOError:
            return
        if not data:
            self.close()
            return
        self._seen += len(data)
        room = self._half - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > self._half:
            del self._tail[: -self._half]
            self._loop.remove_reader(self._our_end)
            self._loop.call_later(_BREATH, self._listen)


async def run_to_end(
    argv: Sequence[str],
    *,
    cwd: str,
    env: Mapping[str, str],
    time_limit: float,
    stop_within: float,
    output_limit: int,
) -> Ended:
    """Run a program without a shell and without input; times in seconds, ``output_limit`` in bytes a stream.

    Raises PermanentError when it cannot be started, TemporaryError when the system has no room for it.
    """
    began = perf_counter()
    out, err = _Capture(output_limit), _Capture(output_limit)
    try:
        process = await _start(argv, cwd, env, (out, err), stop_within)
        in_time = await _attend(process, time_limit, stop_within)
        # What left its group may hold the pipes open for ever; it is not waited for.
        await asyncio.wait({out.closed, err.closed}, timeout=_LAST_WORDS)
    finally:
        out.close()
        err.close()
    return Ended(process.returncode, in_time, out.kept(), err.kept(), perf_counter() - began)


async def _start(
    argv: Sequence[str], cwd: str, env: Mapping[str, str], streams: tuple[_Capture, _Capture], stop_within: float
) -> Process:
    out, err = streams
    try:
        out.open()
        err.open()
        # With asyncio's own pipes wait() could last until the last grandchild has closed them.
        child = asyncio.create_subprocess_exec(
            *argv, cwd=cwd, env=env, start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=out.child_end, stderr=err.child_end,
        )  # fmt: skip
        starting = asyncio.ensure_future(child)
        try:
            # Shielded: cancelled half-way, it would leave a child that nobody knows.
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            with contextlib.suppress(OSError, ValueError):
                await _end_group(await starting, stop_within)
            raise
    except (OSError, ValueError) as error:
        raise _not_started(argv[0], cwd, error) from error
    finally:
        out.release()
        err.release()


async def _attend(process: Process, time_limit: float, stop_within: float) -> bool:
    """Wait for the end, at most for the time limit; then end the group. Return whether it ended in time."""
    try:
        async with asyncio.timeout(time_limit):
            await process.wait()
    except TimeoutError:
        # We may have been stopped ourselves (SIGSTOP, a frozen machine): what ended meanwhile was in time, for all
        # that is known.
        return await _is_heard_of(process)
    finally:
        await _end_group(process, stop_within)
    return True


async def _is_heard_of(process: Process) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_HEARD_OF):
            await process.wait()
    return process.returncode is not None


async def _end_group(process: Process, stop_within: float) -> None:
    """End what is left of the child's group: SIGTERM, then SIGKILL, the latter also when cancelled meanwhile."""
    until = perf_counter() + stop_within
    left = _signal(process.pid, signal.SIGTERM)
    try:
        while left and perf_counter() < until:
            await asyncio.sleep(_POLL)
            left = _signal(process.pid, 0)
    finally:
        # Only while the group is there: its number could become another's.
        if left:
            _signal(process.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LAST_WORDS):
            await process.wait()


def _signal(group: int, number: int) -> bool:
    """Send a signal to a process group (0 only asks); return whether there is such a group."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it changed its user
    return True


def _not_started(program: str, cwd: str, error: OSError | ValueError) -> TemporaryError | PermanentError:
    if not isinstance(error, OSError):
        return PermanentError(f"{program} cannot be started: an argument or variable is not text for this system")
    why = error.strerror or type(error).__name__
    if error.errno in _PASSES:
        return TemporaryError(f"{program} cannot be started now: {why}")
    return PermanentError(f"{program} cannot be started in {cwd}: {why}")
