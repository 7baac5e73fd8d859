"""Notices a clock that was set back: what runs wait for comes that much later, and people should hear of it."""

from __future__ import annotations

import structlog

from remediator.core.durations import SECOND, show_duration
from remediator.store.sqlite import SqliteStore, Tx

log = structlog.get_logger("upkeep")

TOLERATED = 5 * SECOND  #: small steps are what NTP makes


class SetBack:
    """How far the clock is behind the times that stand in the rows of open runs."""

    def __init__(self) -> None:
        self.seconds = 0.0  #: 0 when it is right

    @property
    def detail(self) -> str:
        """What ``/health`` says of it."""
        if not self.seconds:
            return ""
        return f"it was set back; open runs wait {show_duration(round(self.seconds))} longer than they should"

    async def look(self, store: SqliteStore, now: int) -> None:
        """Compare the clock with the newest row of an open run. Raises StoreError."""

        def newest(tx: Tx) -> int:
            found = tx.one("SELECT max(updated_at) FROM run WHERE finished_at IS NULL")
            return int(found[0] or 0) if found else 0

        behind = await store.read(newest) - now
        before, self.seconds = self.seconds, behind / SECOND if behind > TOLERATED else 0.0
        if self.seconds and not before:
            log.error("the clock was set back; open runs wait longer", seconds=round(self.seconds))
