"""A run's statuses and the one table of legal transitions."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """How far a rule may go."""

    OBSERVE = "observe"  #: diagnose, dry-run, change nothing
    ASK = "ask"  #: the same, then wait for an approval
    AUTO = "auto"


_STRICTNESS = {Mode.OBSERVE: 0, Mode.ASK: 1, Mode.AUTO: 2}


def stricter(*modes: Mode) -> Mode:
    """Return the strictest of these modes."""
    return min(modes, key=_STRICTNESS.__getitem__)


class Status(StrEnum):
    """Where a run stands."""

    HELD = "held"
    QUEUED = "queued"
    DIAGNOSING = "diagnosing"
    AWAITING_APPROVAL = "awaiting_approval"
    ACTING = "acting"
    VERIFYING = "verifying"
    SUCCEEDED = "succeeded"
    RECOVERED_ITSELF = "recovered_itself"
    UNVERIFIED = "unverified"
    OBSERVED = "observed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FAILED = "failed"
    UNDONE = "undone"
    ESCALATED = "escalated"
    UNKNOWN = "unknown"


FINAL = frozenset({
    Status.SUCCEEDED, Status.RECOVERED_ITSELF, Status.UNVERIFIED, Status.OBSERVED, Status.REFUSED, Status.CANCELLED,
    Status.EXPIRED, Status.FAILED, Status.UNDONE, Status.ESCALATED, Status.UNKNOWN,
})  # fmt: skip

_ENDS_BEFORE_ACTING = frozenset({
    Status.RECOVERED_ITSELF, Status.OBSERVED, Status.REFUSED, Status.CANCELLED, Status.EXPIRED, Status.FAILED,
    Status.ESCALATED,
})  # fmt: skip
_ENDS_AFTER_ACTING = frozenset({
    Status.SUCCEEDED, Status.RECOVERED_ITSELF, Status.UNVERIFIED, Status.CANCELLED, Status.FAILED, Status.UNDONE,
    Status.ESCALATED, Status.UNKNOWN, Status.EXPIRED,
})  # fmt: skip

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.HELD: frozenset({Status.QUEUED, Status.DIAGNOSING, Status.ACTING, Status.AWAITING_APPROVAL})
    | _ENDS_BEFORE_ACTING
    | _ENDS_AFTER_ACTING,
    Status.QUEUED: frozenset({Status.HELD, Status.DIAGNOSING, Status.ACTING, Status.AWAITING_APPROVAL})
    | _ENDS_BEFORE_ACTING
    | _ENDS_AFTER_ACTING,
    Status.DIAGNOSING: frozenset({Status.HELD, Status.QUEUED, Status.AWAITING_APPROVAL, Status.ACTING})
    | _ENDS_BEFORE_ACTING
    | _ENDS_AFTER_ACTING,
    Status.AWAITING_APPROVAL: frozenset({Status.QUEUED, Status.HELD, Status.DIAGNOSING})
    | _ENDS_BEFORE_ACTING
    | _ENDS_AFTER_ACTING,
    Status.ACTING: frozenset({Status.VERIFYING, Status.DIAGNOSING, Status.HELD, Status.AWAITING_APPROVAL})
    | _ENDS_AFTER_ACTING,
    Status.VERIFYING: frozenset({Status.DIAGNOSING, Status.ACTING, Status.HELD, Status.AWAITING_APPROVAL})
    | _ENDS_AFTER_ACTING,
    # A person settles what could not be told.
    Status.UNKNOWN: frozenset({Status.SUCCEEDED, Status.FAILED}),
}


def legal(old: Status, new: Status) -> bool:
    """Whether a run may go from one status to the other; staying is legal."""
    return old == new or new in TRANSITIONS.get(old, frozenset())


_TROUBLE = frozenset({Status.ESCALATED, Status.FAILED, Status.UNDONE, Status.UNKNOWN, Status.EXPIRED})


def is_trouble(status: Status, *, verified: bool) -> bool:
    """Whether a run that ended so needs a person. ``verified``: its guide verifies.

    Where nothing is verified nobody expects to know whether it helped; where it is, not to know is trouble.
    """
    return status in _TROUBLE or (status is Status.UNVERIFIED and verified)
