"""Delivers what is to be told: durable, in order for each reporter, paced, patient with outages."""

from __future__ import annotations

import asyncio
import random

import structlog

from remediator.core.reporting import Message, Receipt, Reporter, Telling
from remediator.engine.clock import Clock
from remediator.errors import ActionError, NotFoundError, StoreError, TemporaryError
from remediator.store import journal, outbox
from remediator.store.outbox import PATIENCE, Untold
from remediator.store.sqlite import SqliteStore, Tx

log = structlog.get_logger("report")

ESCALATION_TRIES = 15  #: of an escalation that is refused: half an hour, in which a token can be put right
LONGEST_WAIT = 120.0  #: seconds between tries while a reporter cannot tell
LONGEST_ASKED = 3600.0  #: seconds for which a row can have been put off


class Deliverer:
    """Works off the outbox of one reporter."""

    def __init__(self, store: SqliteStore, reporter: Reporter, clock: Clock) -> None:
        self.reporter = reporter
        self.failing = ""  #: why the last telling failed; empty when it worked
        self._store, self._clock = store, clock
        self._wakeup = asyncio.Event()
        self._oldest: int | None = None  # when the oldest row was written
        self._failures = 0  # since it last worked

    def nudge(self) -> None:
        """There is something to tell."""
        self._wakeup.set()

    def delay(self) -> float:
        """Seconds that the oldest untold report has waited; 0 when nothing waits."""
        return max(0.0, (self._clock.now() - self._oldest) / 1e6) if self._oldest is not None else 0.0

    async def deliver(self) -> None:
        """Tell what waits, one after the other. Runs until cancelled."""
        while True:
            self._wakeup.clear()
            try:
                untold, self._oldest = await self._store.read(self._next)
                if untold is None:
                    await self._wait(60.0)
                elif (rest := self._rest(untold)) > 0:
                    await self._wait(min(rest, LONGEST_WAIT))
                else:
                    pause = await self._tell(untold)
                    await asyncio.sleep(max(pause, getattr(self.reporter, "min_interval", 0.0)))
            except StoreError as error:
                log.warning("the store refuses; reports wait", error=str(error))
                await asyncio.sleep(1.0)

    def _next(self, tx: Tx) -> tuple[Untold | None, int | None]:
        name = self.reporter.name
        return outbox.next_untold(tx, name, self._clock.now(), int(LONGEST_ASKED * 1e6)), outbox.oldest(tx, name)

    def _rest(self, untold: Untold) -> float:
        """Seconds until a row is due. What was never tried is; what is due too far ahead is: the clock was wrong."""
        rest = (untold.due_at - self._clock.now()) / 1e6 if untold.attempts else 0.0
        return rest if rest <= LONGEST_ASKED else 0.0

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wakeup.wait()
        except TimeoutError:
            return

    async def _tell(self, untold: Untold) -> float:
        """Tell it, or put it off; return for how many seconds this reporter is left alone."""
        name = self.reporter.name

        def message(tx: Tx) -> Message:
            return Message(
                journal.view(tx, untold.run), untold.telling, untold.topic, outbox.receipt(tx, name, untold.run)
            )

        try:
            said = await self._store.read(message)
        except NotFoundError:  # retention was faster
            await self._store.do(lambda tx: outbox.drop(tx, untold))
        except Exception as error:
            if isinstance(error, StoreError) and error.passes:
                raise
            log.error("a run cannot be read", reporter=name, run=untold.run, exc_info=error)
            await self._give_up(untold, type(error).__name__)
        else:
            return await self._pass_on(untold, said)
        return 0.0

    async def _pass_on(self, untold: Untold, said: Message) -> float:
        name = self.reporter.name
        try:
            got: Receipt | None = await self.reporter.tell(said)
        except TemporaryError as error:
            self.failing = str(error)
            wait = error.retry_after or _backoff(untold.attempts)
            if untold.attempts + 1 >= PATIENCE:  # it may be this row alone: others come before it is tried again
                wait = max(wait, _backoff(untold.attempts))
            log.warning("not told yet", reporter=name, run=untold.run, error=str(error), again_in_s=round(wait, 1))
            due = self._clock.now() + int(wait * 1e6)
            await self._store.do(lambda tx: outbox.postpone(tx, untold, due))
            self._failures += 1
            return error.retry_after or _backoff(self._failures - 1)
        except ActionError as error:
            if untold.telling is Telling.ESCALATION and untold.attempts < ESCALATION_TRIES:
                # People are needed: a token may be put right meanwhile.
                self.failing = str(error)
                log.error("an escalation cannot be told", reporter=name, run=untold.run, error=str(error))
                due = self._clock.now() + int(LONGEST_WAIT * 1e6)
                await self._store.do(lambda tx: outbox.postpone(tx, untold, due))
            else:
                await self._give_up(untold, str(error))
        except Exception as error:
            log.error("a report could not be made", reporter=name, run=untold.run, exc_info=error)
            await self._give_up(untold, type(error).__name__)
        else:
            self.failing, self._failures = "", 0
            await self._store.do(lambda tx: outbox.told(tx, name, untold, got))
        return 0.0

    async def _give_up(self, untold: Untold, error: str) -> None:
        self.failing = error
        level = log.error if untold.telling is Telling.ESCALATION else log.warning
        level("will not be told", reporter=self.reporter.name, run=untold.run, telling=str(untold.telling), error=error)
        await self._store.do(lambda tx: outbox.drop(tx, untold))


def _backoff(tries: int) -> float:
    doubled = 2.0 ** min(tries, 30)  # a float has an end
    return min(LONGEST_WAIT, doubled) * random.uniform(0.8, 1.2)  # noqa: S311 -- jitter
