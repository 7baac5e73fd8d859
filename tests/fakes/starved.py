"""How long programs have waited for a processor: on a busy machine that is no fault of theirs.

A limit of seconds is there to find what hangs. What hangs sleeps or computes; what is starved is ready to run and not
let to, and Linux counts that: the second number of ``/proc/PID/task/TID/schedstat``, in nanoseconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

PATIENCE = 10  #: times a limit that are waited for at most, however busy the machine is


def starved(*pids: int) -> float:
    """Return the seconds that the threads of these processes, and of this one, were ready and had no processor."""
    total = 0
    for pid in (os.getpid(), *pids):
        with contextlib.suppress(OSError):  # it has ended
            for task in Path(f"/proc/{pid}/task").iterdir():
                with contextlib.suppress(OSError, IndexError, ValueError):
                    total += int((task / "schedstat").read_text().split()[1])
    return total / 1e9


class Limit:
    """So many seconds, those in which the processes were starved not counted."""

    def __init__(self, seconds: float, *pids: int) -> None:
        self._seconds, self._pids = seconds, pids
        self._began, self._starved = asyncio.get_running_loop().time(), starved(*pids)

    @property
    def over(self) -> bool:
        """Whether it is over."""
        passed = asyncio.get_running_loop().time() - self._began
        if passed <= self._seconds:
            return False
        idle = max(0.0, starved(*self._pids) - self._starved)
        return passed - idle > self._seconds or passed > PATIENCE * self._seconds
