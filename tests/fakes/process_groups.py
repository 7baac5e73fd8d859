"""Looks at process groups from outside."""

from __future__ import annotations

import os
import time

import psutil

DIES_WITHIN = 2.0  #: seconds in which a busy kernel ends what has been killed


def alive(group: int) -> list[str]:
    """Return the names of the group's processes that still run; a zombie no longer does."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.name())
        except (psutil.NoSuchProcess, ProcessLookupError):
            continue
    return found


def left(group: int) -> list[str]:
    """Return the names of those that still run when what was killed has had its time to die."""
    until = time.monotonic() + DIES_WITHIN
    while (found := alive(group)) and time.monotonic() < until:
        time.sleep(0.01)
    return found
