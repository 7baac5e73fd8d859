"""An event loop whose time jumps to the next timer: an hour of waiting takes as long as its work.

Public parts of asyncio: a selector that waits for nothing, and ``loop.time``; and one that is not, the resolution
of its clock. Nothing in such a
loop may use threads or sockets; nobody would wait for them.
"""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Callable

from remediator.core.durations import SECOND
from remediator.errors import RemediatorError

MOST_AT_ONE_INSTANT = 1_000_000  #: turns of the loop without time passing, before we say that it is stuck

RESOLUTION = 0.000_000_5  #: seconds


class _Jumping(selectors.SelectSelector):
    """Waits by letting time jump."""

    def __init__(self, most_turns: int) -> None:
        super().__init__()
        self.now = 0.0
        self.horizon = 0.0
        self.turns = 0
        self._most_turns = most_turns
        self.on_horizon: Callable[[], None] = lambda: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Jump ``timeout`` seconds ahead, or to the horizon if that comes first: then nothing is left to do before."""
        if timeout is not None and timeout <= 0:
            self.turns += 1
            if self.turns > self._most_turns:
                raise RemediatorError("virtual time does not pass: something is done again and again at one instant")
            return []
        self.turns = 0
        # A timer that is nearer than the next float would never be reached.
        then = self.horizon if timeout is None else max(self.now + timeout, math.nextafter(self.now, math.inf))
        if timeout is None or then > self.horizon:
            self.now = max(self.now, self.horizon)
            self.on_horizon()
        else:
            self.now = then
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that begins at second 0; after ``most_turns`` at one instant it says that it is stuck."""

    def __init__(self, most_turns: int = MOST_AT_ONE_INSTANT) -> None:
        self._jumping = _Jumping(most_turns)
        super().__init__(self._jumping)
        self._jumping.on_horizon = self.stop
        # asyncio does what is due within its clock's resolution. A nanosecond is less than lies between two floats
        # after some 97 days: nothing would ever be due. Half of one of our microseconds is not too early.
        self._clock_resolution = RESOLUTION

    def time(self) -> float:
        """Return the virtual seconds since the loop was made."""
        return self._jumping.now

    def run_to(self, horizon: float) -> None:
        """Do all that is to be done up to that second, that second included."""
        self._jumping.horizon = max(horizon, self._jumping.now)
        self._jumping.turns = 0
        self.run_forever()


class VirtualClock:
    """Tells a virtual loop's time."""

    def __init__(self, loop: VirtualLoop, start: int) -> None:
        self._loop = loop
        self.start = start  #: microseconds since 1970, when the loop's time is 0

    def now(self) -> int:
        """Return the time in microseconds since 1970."""
        return self.start + round(self._loop.time() * SECOND)
