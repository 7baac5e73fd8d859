"""What is done by the clock: episodes close after their grace, what is over is deleted in batches."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog
from msgspec import Struct

from remediator.core.durations import SECOND
from remediator.engine.advance import Engine
from remediator.engine.clock import Clock
from remediator.engine.set_back import SetBack
from remediator.engine.work import Site
from remediator.errors import StoreError
from remediator.store import digests, inbox, ladder, retention
from remediator.store.sqlite import SqliteStore

log = structlog.get_logger("upkeep")

EVERY = 15.0  #: seconds
DELETE_EVERY = 600.0  #: looking for what is old walks whole tables
AUDIT_KEPT = 400 * 86400 * SECOND  #: over a year
#: What fires is sent again at least once in ``repeat_interval``, and at the latest when Alertmanager has forgotten
#: that it was sent: after ``data.retention``, 120h unless somebody sets it.
UNHEARD = 8 * 86400 * SECOND
PAUSES_KEPT = 86400 * SECOND  #: after their end; clocks may jump back a little
SPENT_KEPT = 32 * 86400 * SECOND  #: at least, and longer where a window needs it


class Kept(Struct, frozen=True):
    """How long what is over is kept."""

    age: float
    runs: int


async def upkeep(store: SqliteStore, engine: Engine, clock: Clock, kept: Kept, set_back: SetBack) -> None:
    """Do it again and again. Runs until cancelled."""
    due = clock.now() + int(DELETE_EVERY * SECOND)
    while True:
        for duty in DUTIES:
            await _do(duty(store, engine, clock.now()))
        await _do(set_back.look(store, clock.now()))
        if clock.now() >= due:
            due = clock.now() + int(DELETE_EVERY * SECOND)
            await _do(delete(store, clock.now(), kept, spent_kept(engine.site)))
        await asyncio.sleep(EVERY)


async def _do(duty: Coroutine[Any, Any, object]) -> None:
    """Do one of the duties. What one of them meets keeps none of the others from being done, and ends no daemon."""
    try:
        await duty
    except Exception as error:
        if isinstance(error, StoreError) and error.passes:
            log.warning("upkeep waits: the store refuses", error=str(error))
        else:
            log.error("upkeep has come upon a defect", exc_info=error)


async def close(store: SqliteStore, engine: Engine, now: int) -> None:
    """Close the episodes whose grace is over."""
    grace, flapping = int(engine.site.grace * SECOND), engine.site.limits.flapping
    await store.do(lambda tx: inbox.close_resolved(tx, grace, now, flapping))


async def climb(store: SqliteStore, engine: Engine, now: int) -> None:
    """Tell whoever is next on the ladder of a run that nobody has acknowledged."""
    told, _ = await store.do(lambda tx: ladder.climb(tx, engine.site.reporters, now))
    if told:
        log.warning("nobody has acknowledged; the next ones are told", rungs=told)
        engine.on_told()


async def remind(store: SqliteStore, engine: Engine, now: int) -> None:
    """Remind people of the runs that somebody has paused, and that nobody has thought of since."""
    site = engine.site
    before = now - int(site.pause_max * SECOND)
    runs = await store.read(lambda tx: ladder.forgotten(tx, before)) if site.pause_max else []
    if not runs:
        return
    for run in await store.do(lambda tx: ladder.remind(tx, site.reporters, runs, now)):
        log.warning("a run has been paused for long, and waits for a person", run=run)
        engine.on_told()


async def storms_end(store: SqliteStore, engine: Engine, now: int) -> None:
    """Tell people of the storms that are over."""
    if await store.do(lambda tx: digests.tell_ends(tx, engine.site.reporters, now)):
        engine.on_told()


DUTIES = (close, climb, remind, storms_end)
"""What is done every time, in this order; a rehearsal does the same."""


def spent_kept(site: Site) -> int:
    """Return how long reservations are kept: as long as the longest window in which they are counted."""
    here = site.limits
    windows = [
        here.per_target, here.per_namespace, here.overall, here.budget, here.budget_per_namespace,
        here.budget_per_cluster,
    ]  # fmt: skip
    longest = [SPENT_KEPT, *(int(window.per * SECOND) for window in windows if window)]
    for rule in site.table.rules:
        own = rule.text.limits
        counted = (own.throttle, own.budget, own.share, own.repeats)
        longest += [int(window.per * SECOND) for window in counted if window]
    return max(longest)


async def delete(store: SqliteStore, now: int, kept: Kept, spent: int = SPENT_KEPT) -> int:
    """Delete what is over and old; what was not heard of for long is over. Return how many rows' worth.

    ``spent``: how long reservations are kept.
    """
    before = now - int(kept.age * SECOND)
    deleted = 0
    for unit in (
        lambda tx: inbox.close_unheard(tx, now - UNHEARD),
        lambda tx: retention.delete_runs(tx, before, kept.runs),
        lambda tx: retention.delete_episodes(tx, before),
        lambda tx: retention.delete_notifications(tx, before, kept.runs),
        lambda tx: retention.delete_pauses(tx, now - PAUSES_KEPT),
        lambda tx: retention.delete_spent(tx, now - spent),
        lambda tx: retention.delete_audit(tx, now - AUDIT_KEPT, before),
    ):
        while count := await store.do(unit):
            deleted += count
            await asyncio.sleep(0)
    return deleted
