"""What guards say, and what they are told."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from remediator.core.breaker import Breaker
from remediator.core.intervals import TimeInterval
from remediator.core.limits import Throttle
from remediator.core.policy import Policy
from remediator.core.transitions import Mode


class Hold(Struct, frozen=True):
    """Not now. ``scope`` is what must open; ``until`` when it opens by itself, if it does."""

    guard: str
    scope: str
    reason: str
    until: int | None = None
    advice: str = ""  #: what a person can do

    @property
    def said(self) -> str:
        """The words that the report, the API, the CLI and the log have: why, and what a person can do."""
        return say(self.reason, self.advice)


class Refuse(Struct, frozen=True):
    """Never; the reason is final."""

    guard: str
    reason: str
    advice: str = ""

    @property
    def said(self) -> str:
        """See ``Hold.said``."""
        return say(self.reason, self.advice)


class Lower(Struct, frozen=True):
    """Go on, but no further than this mode."""

    guard: str
    mode: Mode
    reason: str
    advice: str = ""

    @property
    def said(self) -> str:
        """See ``Hold.said``."""
        return say(self.reason, self.advice)


def say(reason: str, advice: str) -> str:
    """Return why, and what a person can do, in the same words for all who tell it."""
    return f"{reason}; {advice}" if advice else reason


Verdict = Hold | Refuse | Lower | None


class Pause(Struct, frozen=True):
    """The kill switch for a scope: ``global``, ``rule:NAME``, ``cluster:CONNECTION``,
    ``namespace:CONNECTION/NAMESPACE`` or ``target:PATTERN``."""  # noqa: D205, D209 -- one sentence

    scope: str
    author: str
    reason: str
    until: int | None
    at: int
    kind: str = "pause"  #: or ``maintenance``; ``file``: by the pause file, which only its removal ends


class Spent(Struct, frozen=True):
    """A limited scope: at most ``limit``; ``nth_at`` is when the limit-th newest was taken, None if fewer were.

    For a budget only other targets are counted, and ``wanted`` is how many this run would add.
    """

    guard: str
    scope: str
    limit: Throttle
    nth_at: int | None
    wanted: int = 1


class StormNow(Struct, frozen=True):
    """A storm that is on: more episodes in a scope than it may take."""

    scope: str  #: ``rule NAME`` or ``everything``
    since: int
    until: int | None  #: None: a person ends it
    episodes: int  #: new ones since it began
    evidence: bool = False  #: whether this run is the one that gathers evidence for all


class Changed(Struct, frozen=True):
    """The last change of a target (or of what lies above or below it) by another run."""

    target: str
    at: int
    run: str
    rule: str = ""


class Facts(Struct, frozen=True):
    """What is known of everything that can object to this run."""

    pauses: tuple[Pause, ...] = ()
    locked_by: tuple[tuple[str, str], ...] = ()  #: (scope, run) of other runs' overlapping locks
    last_change: tuple[Changed, ...] = ()
    spent: tuple[Spent, ...] = ()
    breakers: tuple[Breaker, ...] = ()  #: of the backends that it changes, and of its outcomes
    trial_running: bool = False  #: whether another run of the rule holds a claim
    on_trial: Mapping[str, int] = field(default_factory=dict)  #: other runs let through to half-open backends, by key
    trials: int = 1  #: how many trials a backend's breaker wants
    newest: Mapping[str, int] = field(default_factory=dict)  #: what a claim counts on from, by limited scope
    places: Mapping[str, int] = field(default_factory=dict)  #: the same of budgets
    waiting_before: tuple[str, str] | None = None  #: (scope, run) of an older run that is held on one of its scopes
    storms: tuple[StormNow, ...] = ()
    firing: tuple[Mapping[str, str], ...] = ()  #: labels of firing alerts that inhibit it
    intervals: Mapping[str, tuple[TimeInterval, ...]] = field(default_factory=dict)  #: as defined now, by name
    repeated: int = 0  #: how often this rule changed this target in the window of its ``repeats``
    loop_guard: float = 0.0  #: seconds; the rule's or the daemon's


class Envelope(Struct, frozen=True):
    """What this site allows at all."""

    targets: tuple[str, ...] = ()  #: patterns; ``*`` is one segment or part of it, ``**`` any tail
    protected: tuple[str, ...] = ()  #: never, whatever is allowed
    policy: Policy = field(default_factory=Policy)  #: what may be done there, how much, and who must approve it
