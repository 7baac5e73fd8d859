"""The path, on one screen: ``receive → match → plan → guard → run → verify → report``.

A notification comes in at the top; every line below is a stage, and data only goes down:

    receive   store the notification; nothing is answered before its commit
    match     propose(): open alerts against the rule table            (core.rules)
    plan      propose(): the guide bound to the alert, frozen          (core.plan)
    guard     forward(): judged in the transaction that claims         (core.guards)
    run       Engine: steps journalled before and after                (core.run, engine.advance, engine.carry)
    verify    Engine: only later samples count                         (core.verification)
    report    Deliverer: the run, rendered for people                  (interfaces.report)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

import structlog
from msgspec import Struct

from remediator.core.alert import Alert, Notification
from remediator.engine.admit import CHUNK, Admitted, admit, chunks, propose_all
from remediator.engine.advance import Engine
from remediator.engine.clock import Clock, new_id
from remediator.engine.late import Late, Waiting
from remediator.errors import StoreError
from remediator.store import inbox
from remediator.store.sqlite import SqliteStore, Tx

log = structlog.get_logger("receive")

ADMIT_AGAIN = 1.0  #: seconds between tries while the store refuses
KNOWN_KEPT = 100_000  #: fingerprints remembered as open, so that a resend costs no planning


class Accepted(Struct, frozen=True):
    """What the sender is told: it is stored."""

    notification: str
    runs: tuple[str, ...] = ()


class BacklogFullError(StoreError):
    """More runs are open than the configured limit: senders are asked to come again."""


class Counts(Protocol):
    """Counts decisions; metrics."""

    def decided(self, verdict: str, rule: str, count: int) -> None:
        """So many (episode, rule) were decided so."""

    def refused(self, guard: str, rule: str) -> None:
        """A guard refused."""


class Path:
    """Takes notifications in and starts what follows from them."""

    def __init__(self, store: SqliteStore, engine: Engine, clock: Clock, counts: Counts, *, backlog: int) -> None:
        self._store, self._engine, self._clock, self._counts = store, engine, clock, counts
        self._backlog = backlog
        self._known: dict[str, None] = {}
        self._calm: dict[str, int] = {}  #: see ``storms.count``; bounded by the rules that have limits.storm
        self._late = Late()
        self._admitting: asyncio.Task[None] | None = None
        self.stopping = False  #: what is stored is left for the next start

    async def receive(self, arrived: Notification) -> Accepted:
        """Store a notification and admit its alerts. Raises StoreError; then nothing was stored.

        Many alerts are admitted after the answer, so that no sender gives up waiting and sends them again; and so is
        whatever is heard of one of these alerts meanwhile: what was said first is taken up first.
        """
        # "Resolved" is what empties a backlog.
        if self.open >= self._backlog and any(alert.firing for alert in arrived.alerts):
            raise BacklogFullError(f"{self.open} runs are open; the limit is {self._backlog}")
        now = self._clock.now()
        notification = new_id(now)
        if len(arrived.alerts) <= CHUNK and not self._late.concerns(arrived.alerts):
            done = await self._admit(notification, arrived.alerts, arrived=arrived)
            if done.works:
                await asyncio.sleep(0)  # what has begun goes out first, then our answer
            return Accepted(notification, tuple(done.runs))
        if self._late.full:
            raise BacklogFullError(f"{len(self._late)} alerts wait to be admitted")
        waiting = Waiting(notification, arrived.alerts, len(arrived.body))
        self._late.expect(waiting)
        try:
            await self._store.do(lambda tx: inbox.store_notification(tx, notification, arrived, now, 0))
        except BaseException:
            self._late.give_up(waiting)
            raise
        self._late.line_up(waiting)
        if self._admitting is None:
            self._admitting = asyncio.create_task(self._admit_late())
        return Accepted(notification)

    async def reject(self, field: str, reason: str, body: bytes) -> None:
        """Keep what could not be read, and why. Raises StoreError."""
        now = self._clock.now()
        await self._store.do(lambda tx: inbox.store_rejected(tx, new_id(now), field, reason, body, now))

    @property
    def open(self) -> int:
        """How many runs are open, with those that the firing alerts may make that wait to be admitted."""
        return len(self._engine.queue) + self._late.firing

    async def _admit_late(self) -> None:
        """Admit what was answered before, in its order; while the store refuses, again and again."""
        while not self.stopping and (waiting := self._late.first()):
            notification = waiting.notification
            try:
                admitted = await self._store.do(partial(inbox.admitted, notification_id=notification))
                if admitted is not None:
                    await self.admit_rest(notification, waiting.alerts, admitted, self._late.settle)
            except Exception as error:
                if isinstance(error, StoreError) and error.passes:
                    log.warning("the rest of a notification follows later", notification=notification, error=str(error))
                    await asyncio.sleep(ADMIT_AGAIN)
                    continue
                # A defect of ours; the others must not wait for it. It is stored, and is tried at the next start.
                log.error("a stored notification cannot be admitted", notification=notification, exc_info=error)
            if self.stopping:
                break  # what is heard until the end still waits behind the rest of it
            self._late.end_first()
        self._admitting = None

    async def admit_rest(
        self, notification: str, alerts: tuple[Alert, ...], admitted: int, note: Callable[[int], None] = lambda _: None
    ) -> tuple[str, ...]:
        """Admit the alerts of a stored notification from there on: also after a crash. ``note``: told how far it is."""
        runs: list[str] = []
        for chunk in chunks(alerts[admitted:]):
            if self.stopping:
                break
            admitted += len(chunk)
            done = await self._admit(notification, chunk, admitted=admitted)
            note(admitted)
            runs += done.runs
        return tuple(runs)

    async def _admit(
        self, notification: str, alerts: tuple[Alert, ...], *, arrived: Notification | None = None, admitted: int = 0
    ) -> Admitted:
        site, engine = self._engine.site, self._engine
        new = [alert for alert in alerts if alert.firing and alert.fingerprint not in self._known]
        proposals = propose_all(site.table, new)
        slots = None if engine.queue.ready else engine.slots
        done = Admitted()

        def unit(tx: Tx) -> Admitted:
            now = self._clock.now()
            if arrived is not None:
                inbox.store_notification(tx, notification, arrived, now, len(alerts))
            else:
                inbox.set_admitted(tx, notification, admitted)
            return admit(tx, done, notification, alerts, proposals, site, slots, now, self._calm)

        try:
            await self._store.do(unit)
        except BaseException:
            for run in done.runs:
                engine.slots.release(run)
            raise
        self._follow(done)
        return done

    def _follow(self, done: Admitted) -> None:
        """After the commit: carry on the runs whose first step is journalled, wake the others."""
        for work in done.works:
            self._engine.carry(work)
        self._engine.wake(*done.wake)
        if done.told:
            self._engine.on_told()
        for fingerprint in done.opened:
            self._known[fingerprint] = None
        while len(self._known) > KNOWN_KEPT:
            del self._known[next(iter(self._known))]
        for episode, rule, guard, reason in done.refused:
            log.warning("refused", episode=episode, rule=rule, guard=guard, reason=reason)
            self._counts.refused(guard, rule)
        for (verdict, rule), count in done.counts.items():
            self._counts.decided(verdict, rule, count)


async def recover(
    store: SqliteStore, path: Path, engine: Engine, read_body: Callable[[bytes], Notification],
    stopping: Callable[[], bool] = lambda: False,
) -> tuple[int, int]:  # fmt: skip
    """After a start: admit what was acknowledged, look at every open run. Return how many of each.

    While the store refuses it is waited for, unless ``stopping``: what was acknowledged goes before what is new.
    """

    def open_runs(tx: Tx) -> list[tuple[str, int, int, int | None]]:
        # What woke a run may have died with the process that was to look at it: "resolved", a cancel, a guard
        # that opened. Such a run is looked at now; its timer may end much later.
        rows = tx.all(
            "SELECT id, priority, created_at, CASE WHEN resolved_at IS NULL AND cancelled_by = '' AND held_scope = ''"
            " THEN due_at END FROM run WHERE finished_at IS NULL ORDER BY created_at"
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    runs = await store.read(open_runs)
    for run, priority, created_at, due_at in runs:
        engine.queue.know(run, priority, created_at)
        if due_at is not None:
            engine.later(run, due_at)
        else:
            engine.wake(run)
    waiting = await store.read(inbox.unadmitted)
    for notification, _ in waiting:
        while not stopping():
            try:
                # One at a time: they are large.
                body = await store.read(partial(inbox.body_of, notification_id=notification))
                admitted = await store.read(partial(inbox.admitted, notification_id=notification))
                if admitted is not None:
                    await path.admit_rest(notification, read_body(body).alerts, admitted)
            except Exception as error:
                if isinstance(error, StoreError) and error.passes:
                    log.warning("the start waits for the store", notification=notification, error=str(error))
                    await asyncio.sleep(ADMIT_AGAIN)
                    continue
                # A defect of ours must not keep the daemon from starting; it stays for the next start.
                log.error("a stored notification cannot be admitted", notification=notification, exc_info=error)
            break
    if runs or waiting:
        log.info("took up what was left", runs=len(runs), notifications=len(waiting))
    return len(runs), len(waiting)
