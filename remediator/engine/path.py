"""The path, on one screen: ``receive → match → plan → guard → run → verify → report``.

A notification comes in at the top; every line below is a stage, and data only goes down:

    receive   store the notification; nothing is answered before its commit
    match     propose(): open alerts against the rule table            (core.rules)
    plan      propose(): the guide bound to the alert, frozen          (core.plan)
    guard     forward(): judged in the transaction that claims         (core.guards)
    run       Engine: steps journalled before and after                (core.run, engine.advance)
    verify    Engine: only later samples count                         (core.verification)
    report    Deliverer: the run, rendered for people                  (interfaces.report)
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from typing import Protocol

import structlog
from msgspec import Struct

from remediator.core.alert import Alert, Notification
from remediator.engine.admit import CHUNK, Admitted, admit, chunks, propose_all
from remediator.engine.advance import Engine
from remediator.engine.clock import Clock, new_id
from remediator.errors import StoreError
from remediator.store import inbox
from remediator.store.sqlite import SqliteStore, Tx

log = structlog.get_logger("receive")

ADMIT_AGAIN = 1.0  #: seconds between tries while the store refuses
MOST_WAITING = 16 * 1024 * 1024  #: bytes of the bodies that wait to be admitted; beyond it senders come again
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
        self._late: deque[tuple[str, tuple[Alert, ...], int]] = deque()  # stored and answered, not yet admitted
        self._pending: Counter[str] = Counter()  # their fingerprints
        self._expected = 0  # their alerts that fire
        self._waiting = 0  # bytes of their bodies
        self._settled = 0  # so many alerts of the first of them are not waited for any more
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
        waits = self._pending and any(alert.fingerprint in self._pending for alert in arrived.alerts)
        if len(arrived.alerts) <= CHUNK and not waits:
            done = await self._admit(notification, arrived.alerts, arrived=arrived)
            return Accepted(notification, tuple(done.runs))
        if self._waiting >= MOST_WAITING:
            raise BacklogFullError(f"{self._pending.total()} alerts wait to be admitted")
        # From here on others wait for it; if it cannot be stored nothing is left for them to wait for.
        self._expect(arrived.alerts)
        self._waiting += len(arrived.body)
        try:
            await self._store.do(lambda tx: inbox.store_notification(tx, notification, arrived, now, 0))
        except BaseException:
            self._settle(arrived.alerts)
            self._waiting -= len(arrived.body)
            raise
        self._late.append((notification, arrived.alerts, len(arrived.body)))
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
        return len(self._engine.queue) + self._expected

    def _expect(self, alerts: tuple[Alert, ...]) -> None:
        self._pending.update(alert.fingerprint for alert in alerts)
        self._expected += sum(alert.firing for alert in alerts)

    def _settle(self, alerts: tuple[Alert, ...]) -> None:
        for alert in alerts:
            self._pending[alert.fingerprint] -= 1
            if not self._pending[alert.fingerprint]:
                del self._pending[alert.fingerprint]
        self._expected -= sum(alert.firing for alert in alerts)

    def _settle_first(self, until: int) -> None:
        """Up to there the alerts of what has waited longest are runs now, if anything: each is counted once."""
        self._settle(self._late[0][1][self._settled : until])
        self._settled = until

    async def _admit_late(self) -> None:
        """Admit what was answered before, in its order; while the store refuses, again and again."""
        while self._late and not self.stopping:
            notification, alerts, size = self._late[0]
            try:
                admitted = await self._store.do(partial(inbox.admitted, notification_id=notification))
                if admitted is not None:
                    await self.admit_rest(notification, alerts, admitted, self._settle_first)
            except StoreError as error:
                log.warning("the rest of a notification follows later", notification=notification, error=str(error))
                await asyncio.sleep(ADMIT_AGAIN)
                continue
            except Exception as error:
                # A defect of ours; the others must not wait for it. It is stored, and is tried at the next start.
                log.error("a stored notification cannot be admitted", notification=notification, exc_info=error)
            if self.stopping:
                break  # what is heard until the end still waits behind the rest of it
            self._settle_first(len(alerts))
            self._late.popleft()
            self._waiting -= size
            self._settled = 0
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
    store: SqliteStore, path: Path, engine: Engine, read_body: Callable[[bytes], Notification]
) -> tuple[int, int]:
    """After a start: admit what was acknowledged, look at every open run. Return how many of each."""

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
    for notification, admitted in waiting:
        try:
            # One at a time: they are large.
            body = await store.read(partial(inbox.body_of, notification_id=notification))
            await path.admit_rest(notification, read_body(body).alerts, admitted)
        except Exception as error:
            # Whatever it is, a defect of ours too, must not keep the daemon from starting; it stays for the next start.
            log.error("a stored notification cannot be admitted", notification=notification, exc_info=error)
    if runs or waiting:
        log.info("took up what was left", runs=len(runs), notifications=len(waiting))
    return len(runs), len(waiting)
