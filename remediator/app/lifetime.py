"""How the process lives and ends: background work, signals, memory."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import structlog

from remediator.errors import ConfigurationError, StoreError

log = structlog.get_logger("remediator")


def settle_memory() -> None:
    """What was loaded stays: the collector need not look at it again, and young garbage is looked at less often.

    What is garbage by now is frozen, too: it is less than a megabyte, and to look for it keeps the first requests
    waiting.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def start(cleanups: AsyncExitStack, work: Any, dead: list[BaseException]) -> None:
    """Run something in the background until the end; if it dies, so does the daemon."""
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def died(done: asyncio.Task[Any]) -> None:
        if not done.cancelled() and (error := done.exception()):
            log.critical("a part of the daemon died; it stops and can be started again", exc_info=error)
            dead.append(error)
            signal.raise_signal(signal.SIGTERM)

    task.add_done_callback(died)
    cleanups.push_async_callback(end)


def stop_event(reload: Callable[[str], Awaitable[str]]) -> asyncio.Event:
    """Set on SIGTERM and SIGINT; SIGHUP reloads."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    reloading: set[asyncio.Task[str | None]] = set()

    async def quietly() -> str | None:
        try:
            return await reload("SIGHUP")
        except (ConfigurationError, StoreError):
            return None  # said in the log and in the metric

    def again() -> None:
        task = asyncio.create_task(quietly())
        reloading.add(task)
        task.add_done_callback(reloading.discard)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, again)
    return stop
