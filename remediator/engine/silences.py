"""Ends the silences of runs that work no more. What is owed stands in the outbox, so a crash forgets none."""

from __future__ import annotations

from collections.abc import Callable

from remediator.actions.context import Context
from remediator.core.durations import SECOND
from remediator.core.records import Phase, RunView
from remediator.core.reporting import SILENCES, Message, Receipt
from remediator.core.transitions import FINAL, Status
from remediator.engine.clock import Clock
from remediator.engine.confirm import Confirm
from remediator.errors import AmbiguousError, TemporaryError
from remediator.store import inbox
from remediator.store.sqlite import SqliteStore

_GIVE_UP = 3600 * SECOND  #: after its end nothing is left of a silence; so long the alert is asked about
_WAITING = frozenset({Status.HELD, Status.AWAITING_APPROVAL})


class EndsSilences:
    """Takes its work from the outbox, as a reporter does; tells nobody.

    Alertmanager sends no "resolved" of what is silenced when it resolves. So an alert that is gone when its
    silence ends is noted as resolved: else it would be the same trouble when it comes back.
    """

    name = SILENCES

    def __init__(
        self, ask: Confirm, store: SqliteStore, clock: Clock, context: Callable[[RunView], Context],
        wake: Callable[..., None],
    ) -> None:  # fmt: skip
        self._ask, self._store, self._clock, self._context, self._wake = ask, store, clock, context, wake

    async def tell(self, message: Message) -> Receipt | None:
        """End the silences of a run that is over, or waits. TemporaryError when Alertmanager cannot be asked."""
        run, now = message.run, self._clock.now()
        over = run.status in FINAL
        ends = tuple(int(entry.args["ends_at"]) for entry in run.journal if entry.phase is Phase.SILENCE and entry.args)
        # One that works again, with its silence, has gone on before this was done.
        if not ends or not (over or run.status in _WAITING) or now > max(ends) + _GIVE_UP:
            return None
        labels, context = dict(run.plan.labels), self._context(run)
        try:
            await self._ask.loud_again(labels, ends, context)
            gone = over and (await self._ask.state_of(labels, context)).state == "resolved"
        except AmbiguousError as error:
            raise TemporaryError(str(error), transport=error.transport) from error
        if gone:
            self._wake(*await self._store.do(lambda tx: inbox.gone(tx, run.id, run.plan.fingerprint, now)))
        return None
