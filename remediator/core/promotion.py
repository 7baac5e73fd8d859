"""Whether what a rule has shown is enough for its next mode: observe, then ask, then auto. Pure."""

from __future__ import annotations

from msgspec import Struct

from remediator.core.durations import SECOND, show_duration
from remediator.core.transitions import Mode

NEXT = {Mode.OBSERVE: Mode.ASK, Mode.ASK: Mode.AUTO}
"""One step up; nothing is above auto."""


class Evidence(Struct, frozen=True):
    """What came of a rule's runs. Counts; times in microseconds since 1970."""

    rule: str
    runs: int = 0  #: that are over
    would_run: int = 0  #: observed: a remedy applied, and was not done
    recovered_first: int = 0  #: of these, the alert resolved while a remedy would still have been at work
    recovered_itself: int = 0  #: the verification held before anything was done, or the alert resolved before it
    asked: int = 0  #: a person was asked
    approved: int = 0
    refused: int = 0  #: by a person
    expired: int = 0  #: nobody answered
    acted: int = 0  #: something was changed
    verified: int = 0  #: of these, it helped, and that was verified
    unknown: int = 0  #: nobody can tell whether it took effect
    escalated: int = 0
    repeats: int = 0  #: runs on a target where the rule had one within a day before
    first_observed: int | None = None
    first_asked: int | None = None
    last: int | None = None

    @property
    def answered(self) -> int:
        """How many of those asked are settled."""
        return self.approved + self.refused + self.expired


class Thresholds(Struct, frozen=True):
    """What must have been seen before a rule goes one step up. Shares are 0 to 1, times in seconds."""

    runs: int = 10  #: observed (for ask) or asked (for auto)
    over: float = 7 * 86400.0  #: since the first of them
    approved: float = 0.9  #: of those answered; nobody's answer counts as none
    verified: float = 0.9  #: of those that changed something
    recovered: float = 0.5  #: at most so many of the observed ones recovered first: the remedy was not needed
    repeats: float = 0.3  #: at most so many came again within a day: it hides a cause


def missing(evidence: Evidence, mode: Mode, wanted: Thresholds, now: int) -> tuple[str, ...]:
    """Return what is missing for the next mode, each in a sentence; nothing when the evidence is enough."""
    if mode is Mode.AUTO:
        return ("it is auto already; there is no further mode",)
    return tuple(_for_ask(evidence, wanted, now) if mode is Mode.OBSERVE else _for_auto(evidence, wanted, now))


def _for_ask(found: Evidence, wanted: Thresholds, now: int) -> list[str]:
    lines = _enough(found.would_run, "runs that would have acted", found.first_observed, wanted, now)
    lines += _at_most(
        found.recovered_first, found.would_run, wanted.recovered, "recovered before the remedy would have"
    )
    return lines


def _for_auto(found: Evidence, wanted: Thresholds, now: int) -> list[str]:
    lines = _enough(found.answered, "runs that asked and were answered", found.first_asked, wanted, now)
    lines += _at_least(found.approved, found.answered, wanted.approved, "approved")
    lines += _at_least(found.verified, found.acted, wanted.verified, "verified")
    lines += _at_most(found.repeats, found.runs, wanted.repeats, "came again on the same target within a day")
    if not found.acted:
        lines.append("nothing was changed by it yet, so nobody knows if it helps")
    if found.unknown:
        lines.append(f"{found.unknown} runs ended unknown; a person settles them first (remediator runs settle)")
    return lines


def _enough(count: int, what: str, first: int | None, wanted: Thresholds, now: int) -> list[str]:
    lines = []
    if count < wanted.runs:
        lines.append(f"{count} {what}; {wanted.runs} are wanted")
    age = 0.0 if first is None else (now - first) / SECOND
    if age < wanted.over:
        lines.append(f"seen for {show_duration(age)}; {show_duration(wanted.over)} are wanted")
    return lines


def _at_least(count: int, of: int, wanted: float, what: str) -> list[str]:
    return [f"{count} of {of} {what}; at least {wanted:.0%} are wanted"] if of and count < wanted * of else []


def _at_most(count: int, of: int, wanted: float, what: str) -> list[str]:
    return [f"{count} of {of} {what}; at most {wanted:.0%} are allowed"] if of and count > wanted * of else []
