"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

SYNCS = 200
BLOCK = b"x" * 4096


def describe(folder: Path) -> list[str]:
    """Return the lines of the header; ``folder`` is where the stores lie."""
    load = os.getloadavg()[0]
    return [
        f"CPU: {cpu_model()}, {len(os.sched_getaffinity(0))} cores; load before the start {load:.2f}",
        f"Kernel: {platform.system()} {platform.release().partition('-')[0]}; Python {platform.python_version()}",
        f"Stores on {filesystem(folder)}; a sync of 4 kB takes {sync_milliseconds(folder):.2f} ms (median of {SYNCS})",
    ]


def cpu_model() -> str:
    """Return the processor's name as the kernel has it."""
    for line in lines_of("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine() or "unknown"


def filesystem(folder: Path) -> str:
    """Return the type of the file system that a folder lies on."""
    path = str(folder.resolve())
    best, kind = "", "an unknown file system"
    for line in lines_of("/proc/mounts"):
        _, mount, found, *_ = line.split(" ")
        inside = path == mount or path.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, found
    return kind


def sync_milliseconds(folder: Path) -> float:
    """Return how long it takes until 4 kB are on the disk: every answer waits for that at least."""
    probe = folder / "sync-probe"
    took = []
    descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        for _ in range(SYNCS):
            began = time.perf_counter()
            os.write(descriptor, BLOCK)
            os.fdatasync(descriptor)
            took.append(time.perf_counter() - began)
    finally:
        os.close(descriptor)
        probe.unlink()
    return statistics.median(took) * 1000


def lines_of(path: str) -> Sequence[str]:
    """Return a file's lines; none where there is no such file."""
    try:
        return Path(path).read_text("utf-8", "replace").splitlines()
    except OSError:
        return ()
