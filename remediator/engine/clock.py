"""The only place that asks what time it is, and that makes ids."""

from __future__ import annotations

import random
import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time in microseconds since 1970."""

    def now(self) -> int:
        """Return the time."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Return the time in microseconds since 1970."""
        return time.time_ns() // 1000


_random = random.Random()  # noqa: S311 -- ids are names, not secrets; seeded by the system at each start


def new_id(now: int) -> str:
    """Return an id that sorts by time: 11 hexadecimal digits of milliseconds, 9 at random."""
    return f"{now // 1000:011x}{_random.getrandbits(36):09x}"


def seed_ids(seed: int | None) -> None:
    """Make the ids that follow the same each time (a rehearsal's); None: by the system again."""
    _random.seed(seed)
