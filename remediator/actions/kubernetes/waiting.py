"""Looking again and again until something is so, within a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from remediator.errors import TemporaryError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 2.0  # seconds between two looks; each pause is twice the one before

T = TypeVar("T")


class Deadline:
    """A moment on the loop's own clock, ``within`` seconds from its making."""

    def __init__(self, within: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._at = self._loop.time() + within

    @property
    def left(self) -> float:
        """Seconds left; 0 when it has passed."""
        return max(self._at - self._loop.time(), 0.0)


async def look_until(look: Callable[[], Awaitable[T | None]], deadline: Deadline) -> T | None:
    """Return what ``look`` first gives that is not None; None when the deadline passes. Looks once at least.

    A look that fails temporarily is one without a result; if the last one fails, its error is raised.
    """
    step = _FIRST_PAUSE
    while True:
        pause, step = step, min(2 * step, _LONGEST_PAUSE)
        try:
            found = await look()
            if found is not None or not deadline.left:
                return found
        except TemporaryError as error:
            if not deadline.left:
                raise
            pause = max(pause, error.retry_after or 0.0)
        await asyncio.sleep(min(pause, deadline.left))
