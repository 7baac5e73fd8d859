"""A daemon one part of which dies when it asks what time it is: its clock fails in the task of that part alone."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from remediator.app.wiring import Options, run
from remediator.engine.clock import SystemClock


class FailingClock(SystemClock):
    """The machine's clock, but for whoever runs as ``part``: the coroutine's name."""

    def __init__(self, part: str) -> None:
        self._part = part

    def now(self) -> int:
        try:
            task = asyncio.current_task()
        except RuntimeError:  # in a thread
            task = None
        if task is not None and getattr(task.get_coro(), "__qualname__", "") == self._part:
            raise OSError("the clock has stopped")
        return super().now()


def daemon(order: dict[str, Any], events: int) -> int:
    """Be that daemon; tell ``{"port"}`` when it is ready. Return its exit code."""
    options = Options(Path(order["config"]), listen="127.0.0.1:0", log_style="json")
    return run(
        options, clock=FailingClock(order["part"]),
        on_ready=lambda port: os.write(events, json.dumps({"port": port}).encode() + b"\n") and None,
    )  # fmt: skip
