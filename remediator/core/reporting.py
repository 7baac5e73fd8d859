"""What is told about a run, piece by piece, and what a reporter must keep to.

The deliverer holds the rows of what is still to be told, hands each to a reporter in the run's
order, and stores the receipt. A reporter renders the run as it is now: there is no second record.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from remediator.core.records import RunView


class Telling(StrEnum):
    """What kind of thing is told."""

    MESSAGE = "message"  #: post the run's one message, or update it when a receipt exists
    THREAD = "thread"  #: one reply in its thread; the topic says which part of the report
    ESCALATION = "escalation"  #: people are needed: it must be noticed


SILENCES = "silences"
"""The name in the outbox of who ends our silences: what is owed outlives a crash there, as reports do."""

TOPICS = ("diagnosis", "action", "verification", "result", "approval", "storm", "")
"""What a ``Message.topic`` may be; the empty one means the whole run."""


class Receipt(Struct, frozen=True):
    """Where something was posted, so that it can be updated and answered. Both are the receiver's own ids."""

    channel: str
    ts: str


class Message(Struct, frozen=True):
    """One piece to tell: one call's worth of work."""

    run: RunView
    telling: Telling
    topic: str = ""  #: one of ``TOPICS``; of an escalation whom it is for, by the site's ladder
    receipt: Receipt | None = None  #: of the run's main message, when it was posted


class Reporter(Protocol):
    """Tells people about runs, somewhere.

    A reporter that shares a channel with others may have ``min_interval``: the seconds that must
    lie between two tellings to that channel. Whoever delivers keeps to it.
    """

    name: str

    async def tell(self, message: Message) -> Receipt | None:
        """Tell this once and return where; None when there is nothing to update or to answer later.

        For ``Telling.MESSAGE`` the receipt is that of the run's main message, and replaces an
        earlier one; for the others it is that of the reply alone. A telling that this reporter has
        no use for is dropped: None. Raise TemporaryError when telling it again may help (after
        ``retry_after`` seconds, if that is set) and PermanentError when it will not.
        """
