"""An event loop whose time jumps to the next timer: an hour of waiting takes as long as its work.

Public parts of asyncio only: a selector that waits for nothing, and ``loop.time``. Nothing in such a
loop may use threads or sockets; nobody would wait for them.
"""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Callable

from remediator.core.durations import SECOND, show_duration
from remediator.errors import RehearsalError

MOST_AT_ONE_INSTANT = 1_000_000  #: turns of the loop without time passing, before we say that it is stuck
MOST_STEPS = 200_000  #: times that a loop's time jumps ahead; an idle daemon does so once a minute
_TOLD_EVERY = 4096  #: turns at one instant
_NUDGED_EVERY = 64  #: turns at one instant
_FINEST = 1e-9  #: seconds; asyncio does a timer's work when it is due within its clock's resolution


class _Jumping(selectors.SelectSelector):
    """Waits by letting time jump."""

    def __init__(self, most_turns: int, most_steps: int, on_step: Callable[[float], None]) -> None:
        super().__init__()
        self.now = 0.0
        self.horizon = 0.0
        self.turns = self._steps = 0
        self._most_turns, self._most_steps, self._on_step = most_turns, most_steps, on_step
        self.on_horizon: Callable[[], None] = lambda: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Jump ``timeout`` seconds ahead, or to the horizon if that comes first: then nothing is left to do before."""
        if timeout is not None and timeout <= 0:
            self._stay()
            return []
        self.turns = 0
        # A timer that is nearer than the next float would never be reached.
        then = self.horizon if timeout is None else max(self.now + timeout, math.nextafter(self.now, math.inf))
        if timeout is None or then > self.horizon:
            self.now = max(self.now, self.horizon)
            self.on_horizon()
        else:
            self.now = then
            self._step()
        return []

    def _stay(self) -> None:
        """Count a turn at this instant. After half a year a float has no room for the resolution: it is nudged on."""
        self.turns += 1
        if self.turns > self._most_turns:
            raise RehearsalError("virtual time does not pass: something is done again and again at one instant")
        if self.turns % _NUDGED_EVERY == 0 and self.now + _FINEST == self.now:
            self.now = math.nextafter(self.now, math.inf)
        if self.turns % _TOLD_EVERY == 0:
            self._on_step(self.now)

    def _step(self) -> None:
        self._steps += 1
        self._on_step(self.now)
        if self._steps > self._most_steps:
            self._steps = 0  # what is left is ended
            raise RehearsalError(
                f"more than {self._most_steps:,} steps of time by {show_duration(self.now)}; let the test end earlier, "
                "or its rules look less often"
            )


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that begins at second 0; after ``most_turns`` at one instant it says that it is stuck.

    So it does after ``most_steps`` from one instant to the next. ``on_step`` is told the second, again and again.
    """

    def __init__(
        self, most_turns: int = MOST_AT_ONE_INSTANT, most_steps: int = MOST_STEPS,
        on_step: Callable[[float], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self._jumping = _Jumping(most_turns, most_steps, on_step)
        super().__init__(self._jumping)
        self._jumping.on_horizon = self.stop

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
