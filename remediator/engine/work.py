"""What binds runs here, and what a run needs next: the values that the engine's parts hand each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

from remediator.core.action import Action, Intent, Parameters
from remediator.core.breaker import BreakerLimits
from remediator.core.guards import Envelope, Hold, Pause, Refuse
from remediator.core.limits import Rung
from remediator.core.rules import RuleTable
from remediator.core.run import Finish, Job, Poll, RunState
from remediator.core.scopes import SiteLimits
from remediator.core.transitions import Mode
from remediator.store.undo import Made


class Site(Struct, frozen=True):
    """What binds every run here: the daemon's settings and the rule table, as they are now."""

    table: RuleTable = field(default_factory=RuleTable)
    max_mode: Mode = Mode.OBSERVE
    envelope: Envelope = field(default_factory=Envelope)
    limits: SiteLimits = field(default_factory=SiteLimits)
    backend_breaker: BreakerLimits = field(default_factory=BreakerLimits)
    outcome_breaker: BreakerLimits = field(default_factory=BreakerLimits)
    paused: tuple[Pause, ...] = ()  #: by the pause file
    ladders: Mapping[str, tuple[Rung, ...]] = field(default_factory=dict)  #: by the severity of ``escalate``
    hold_max: float = 1800.0
    pause_max: float = 86400.0  #: seconds until people are reminded of a run that is paused on its own; 0: never
    grace: float = 120.0
    reporters: tuple[str, ...] = ()
    confirms: bool = False  #: whether Alertmanager can be asked how an alert stands
    quiet_for: float = 0.0  #: seconds: the longest that an alert is silenced while a run works; 0: it cannot be


class Quiet(Parameters):
    """What is written down before the alert of a run is silenced."""

    ends_at: int  #: microseconds since 1970


class Task(Struct, frozen=True):
    """One step to perform. With ``intent`` it is journalled; without, it must be resolved first."""

    job: Job
    action: Action[Any, Any] | None  #: None: it is about the alert: ask how it stands, or silence it
    parameters: Parameters | None
    backend: str  #: what it talks to
    intent: Intent[Any] | None = None
    recovered: bool = False  #: begun by a process that died
    started_at: int = 0
    only_ask: bool = False  #: begun before, and forbidden now: find out whether it happened, and no more


StandIn = Callable[[RunState, Task], Task]
"""Returns the task of a run that is performed instead: a rehearsal's answer in place of the backend's."""


def as_it_is(_run: RunState, task: Task) -> Task:
    """Return the task itself: what a daemon performs."""
    return task


class Work(Struct, frozen=True):
    """What a run needs from outside next; nothing when it waits or is over."""

    run: RunState
    tasks: tuple[Task, ...] = ()
    poll: Poll | None = None
    full: str = ""  #: the backend (or ``everything``) that has no place for its step
    wants: tuple[str, ...] = ()  #: the backend of each place that it would take; none: it was not asked yet
    due: int | None = None
    wake: tuple[str, ...] = ()
    made: tuple[Made, ...] = ()  #: runs that this one's end has made
    finish: Finish | None = None
    told: bool = False  #: rows were put into the outbox
    held: Hold | None = None
    refused: Refuse | None = None
