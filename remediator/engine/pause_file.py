"""The kill switch that is a file: it works when the API, the network and the log-in do not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import structlog

from remediator.core.guards import Pause
from remediator.engine.advance import Engine
from remediator.engine.clock import Clock
from remediator.errors import StoreError
from remediator.store import facts

log = structlog.get_logger("pause")

LOOK_EVERY = 0.5  #: seconds
REASON_READ = 500  #: characters of the file


async def watch_pause_file(engine: Engine, file: Path | None, root: Path, clock: Clock) -> None:
    """Look for the file again and again; while it exists everything is paused. Runs until cancelled."""
    if file is None:
        return
    while True:
        if look_at_pause_file(engine, file, root, clock):
            try:
                engine.wake(*await engine.store.read(lambda tx: facts.held_on(tx, "pause:global")))
            except StoreError as error:
                log.warning("what it held is judged again later", error=str(error))
        await asyncio.sleep(LOOK_EVERY)


def look_at_pause_file(engine: Engine, file: Path, root: Path, clock: Clock) -> bool:
    """Pause everything while the file exists; return whether it has just gone. Also done before any run is taken up."""
    place = file if file.is_absolute() else root / file
    reason, paused = read_reason(place), engine.site.paused
    if reason is not None and not paused:
        engine.site = replace(engine.site, paused=(Pause("global", f"the file {place}", reason, None, clock.now()),))
        log.warning("paused by a file", file=str(place), reason=reason)
    elif reason is None and paused:
        engine.site = replace(engine.site, paused=())
        log.warning("the pause file is gone", file=str(place))
        return True
    return False


def read_reason(file: Path) -> str | None:
    """Return what stands in the file; None when there is none. One that cannot be read is there."""
    try:
        with file.open("r", encoding="utf-8", errors="replace") as opened:
            return " ".join(opened.read(REASON_READ).split()) or "no reason stands in it"
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
