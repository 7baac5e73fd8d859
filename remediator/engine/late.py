"""What is stored and answered, and waits to be admitted: in its order, bounded by the size of its bodies.

No store and no time here: what waits, and what it keeps waiting. The rows that say how far each was admitted are
the truth; after a start ``recover`` reads them.
"""

from __future__ import annotations

from collections import Counter, deque

from msgspec import Struct

from remediator.core.alert import Alert

MOST_WAITING = 16 * 1024 * 1024  #: bytes of the bodies that wait; beyond it senders come again


class Waiting(Struct, frozen=True):
    """One notification that waits."""

    notification: str
    alerts: tuple[Alert, ...]
    size: int  #: bytes of its body


class Late:
    """The notifications that wait. Who is heard of in one of them waits behind it."""

    def __init__(self) -> None:
        self._line: deque[Waiting] = deque()
        self._named: Counter[str] = Counter()  # fingerprints of the alerts that are still waited for
        self._bytes = 0
        self._settled = 0  # so many alerts of the first in line are not waited for any more
        self.firing = 0  #: alerts that may become runs

    def __len__(self) -> int:
        """Return how many alerts wait."""
        return self._named.total()

    @property
    def full(self) -> bool:
        """Whether nothing more may wait."""
        return self._bytes >= MOST_WAITING

    def concerns(self, alerts: tuple[Alert, ...]) -> bool:
        """Whether one of these alerts is waited for already."""
        return bool(self._named) and any(alert.fingerprint in self._named for alert in alerts)

    def expect(self, waiting: Waiting) -> None:
        """Have others wait for these alerts from now on, while their notification is being stored."""
        self._named.update(alert.fingerprint for alert in waiting.alerts)
        self.firing += sum(alert.firing for alert in waiting.alerts)
        self._bytes += waiting.size

    def give_up(self, waiting: Waiting) -> None:
        """Take back what was expected: it could not be stored, nothing is left to wait for."""
        self._forget(waiting.alerts)
        self._bytes -= waiting.size

    def line_up(self, waiting: Waiting) -> None:
        """Put into the line what was expected, and is stored now."""
        self._line.append(waiting)

    def first(self) -> Waiting | None:
        """Return what has waited longest."""
        return self._line[0] if self._line else None

    def settle(self, until: int) -> None:
        """Up to there the alerts of the first in line are runs now, if anything: each is counted once."""
        self._forget(self._line[0].alerts[self._settled : until])
        self._settled = until

    def end_first(self) -> None:
        """Let the next one be the first."""
        done = self._line[0]
        self.settle(len(done.alerts))
        self._line.popleft()
        self._bytes -= done.size
        self._settled = 0

    def _forget(self, alerts: tuple[Alert, ...]) -> None:
        for alert in alerts:
            self._named[alert.fingerprint] -= 1
            if not self._named[alert.fingerprint]:
                del self._named[alert.fingerprint]
        self.firing -= sum(alert.firing for alert in alerts)
