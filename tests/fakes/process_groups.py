"""Looks at process groups from outside."""

from __future__ import annotations

import os

import psutil


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
