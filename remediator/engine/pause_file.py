"""The kill switch that is a file: it works when the API, the network and the log-in do not."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import structlog
from msgspec import Struct, field
from msgspec.structs import replace

from remediator.core.guards import Pause
from remediator.engine.advance import Engine
from remediator.engine.clock import Clock
from remediator.errors import StoreError
from remediator.store import audit, reservations
from remediator.store.sqlite import Tx

log = structlog.get_logger("pause")

LOOK_EVERY = 0.5  #: seconds
REASON_READ = 500  #: bytes of the file
UNWRITTEN_KEPT = 100  #: changes of the file that are kept while the store refuses


class PauseFile(Struct):
    """One file; while it exists nothing is changed. What becomes of it goes into the audit trail."""

    engine: Engine
    file: Path
    clock: Clock
    _unwritten: list[tuple[str, int, Any, Any]] = field(default_factory=list)
    _gone: bool = False

    async def watch(self) -> None:
        """Look for it again and again. Runs until cancelled."""
        while True:
            self.look()
            try:
                await self.tell()
            except StoreError as error:
                log.warning("what became of the pause file is told later", error=str(error))
            await asyncio.sleep(LOOK_EVERY)

    def look(self) -> None:
        """Pause everything while it exists. Needs no store: what is to be told of it is told later."""
        reason, paused = read_reason(self.file), self.engine.site.paused
        if reason is not None and (not paused or paused[0].reason != reason):
            now = paused[0].at if paused else self.clock.now()
            self._set((Pause("global", f"the file {self.file}", reason, None, now, "file"),), reason)
            log.warning("paused by a file", file=str(self.file), reason=reason)
        elif reason is None and paused:
            self._set((), None)
            self._gone = True
            log.warning("the pause file is gone", file=str(self.file))

    def _set(self, paused: tuple[Pause, ...], reason: str | None) -> None:
        was = self.engine.site.paused
        self.engine.site = replace(self.engine.site, paused=paused)
        what = "resume" if reason is None else "pause changed" if was else "pause"
        before = {"reason": was[0].reason} if was else None
        after = None if reason is None else {"reason": reason, "owner": _owner(self.file)}
        self._unwritten = [*self._unwritten, (what, self.clock.now(), before, after)][-UNWRITTEN_KEPT:]

    async def tell(self) -> None:
        """Write what became of it; and when it has gone, have what it held judged again. Raise StoreError."""
        if told := tuple(self._unwritten):

            def unit(tx: Tx) -> None:
                for what, at, before, after in told:
                    audit.append(tx, "pause file", what, str(self.file), "", at, before=before, after=after)

            await self.engine.store.do(unit)
            self._unwritten = [each for each in self._unwritten if each not in told]
        if self._gone:
            self.engine.wake(*await self.engine.store.read(lambda tx: reservations.held_on(tx, "pause:global")))
            self._gone = False


def _owner(file: Path) -> str:
    """Return who owns the file: who can have written it."""
    try:
        return file.owner()
    except (OSError, KeyError):
        return ""


def read_reason(file: Path) -> str | None:
    """Return what stands in the file; None when there is none. One that cannot be read is there."""
    try:
        # Nobody need write into it: a named pipe is there, too, and must not be waited for.
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:
            said = (opened.read(REASON_READ) or b"").decode("utf-8", errors="replace")
            return " ".join(said.split()) or "no reason stands in it"
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
