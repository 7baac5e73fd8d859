"""The frozen records of a run: its plan, its journal, and the view that reports are made from.

Records are msgspec's structs: as frozen as a frozen dataclass, declared and made in a fraction of its time.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from remediator.core.limits import RuleLimits, Throttle
from remediator.core.transitions import Mode, Status

Args = Mapping[str, Any]


class StepPlan(Struct, frozen=True):
    """One use of an action, arguments still as written (templates and all)."""

    id: str
    action: str
    args: Args
    changes: bool = False
    timeout: float = 30.0  #: seconds for one attempt
    attempts: int = 3  #: tries on temporary errors; 1 when repeating is not safe
    needs: tuple[str, ...] = ()  #: ids of the steps whose outputs its arguments ask for
    undo_safe: bool = False  #: whether ``undo: on_failure`` may take it back
    cautious: bool = False  #: whether the action can say why a person should decide
    undoable: bool = False  #: whether the action can be taken back at all
    stage: str = ""  #: the part of an ordered recovery that it belongs to


class RemedyPlan(Struct, frozen=True):
    """Named steps with a condition and a mode."""

    name: str
    steps: tuple[StepPlan, ...]
    when: str | None = None
    mode: Mode = Mode.AUTO
    lasts: float = 0.0  #: seconds after which it is taken back; 0: it stays


class VerifyPlan(Struct, frozen=True):
    """What must hold for the remedy to count. Durations in seconds."""

    conditions: tuple[StepPlan, ...]
    every: bool = True  #: all must hold; false: any
    within: float = 300.0
    interval: float = 15.0
    hold: float = 0.0


class Plan(Struct, frozen=True):
    """A guide bound to an alert. Frozen with the run: later edits of the rules do not change it."""

    rule: str
    guide: str
    summary: str
    mode: Mode  #: the rule's; what binds is the strictest of rule, remedy and daemon
    fingerprint: str
    starts_at: int
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    params: Args
    target: str
    locks: tuple[str, ...]  #: every target that its changing steps may touch, sorted
    backends: tuple[str, ...]  #: what its changing steps talk to
    priority: int  #: 0 is most urgent
    diagnose: tuple[StepPlan, ...] = ()
    remedies: tuple[RemedyPlan, ...] = ()
    verify: VerifyPlan | None = None
    undo: str = "manual"  #: ``manual``, ``on_failure`` or ``never``
    escalate: str | None = None
    notes: str = ""
    runbook_url: str = ""
    wait: float = 0.0  #: seconds that the alert must have been firing (``for:``)
    cooldown: float = 0.0
    throttle: Throttle | None = None
    timeout: float = 3600.0  #: seconds for the whole run, waiting for people not counted
    approval_timeout: float = 3600.0
    limits: RuleLimits | None = None  #: what only some rules have
    undoes: str = ""  #: the run that this one takes back; empty for all others
    silence: bool = False  #: whether the alert is silenced while the run works on it
    call_people: bool = False  #: it has no remedy: people are called when it has looked
    undoes_part: str = ""  #: which part of it, in words; empty: all that is left


class Phase(StrEnum):
    """What a journal entry belongs to."""

    CONFIRM = "confirm"  #: is the alert still firing, asked at Alertmanager
    DIAGNOSE = "diagnose"
    BASELINE = "baseline"  #: the verification before anything was done
    CAUTION = "caution"  #: whether something speaks for asking a person, asked of the backend
    SILENCE = "silence"  #: the alert is silenced at Alertmanager while the run works on it
    PREVIEW = "preview"  #: what a change would do, asked of the backend
    ACT = "act"
    STORM = "storm"  #: what people are told of the storm for which this run looks
    VERIFY = "verify"
    UNDO = "undo"


class Outcome(StrEnum):
    """How a journalled step stands."""

    INTENT = "intent"  #: begun; if the process died here it may have happened
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


HALF = "may_have_happened"
"""The output of a step that failed, when it may have changed something all the same."""


class Entry(Struct, frozen=True):
    """One step in the journal. ``key`` is unique in the run: ``0/diagnose/pool``, ``0/act/0.1``."""

    key: str
    phase: Phase
    cycle: int  #: 0 for the first remedy tried, 1 for the second
    step: str  #: the step's id, for people and for ``steps.<id>``
    action: str
    outcome: Outcome
    args: Args  #: as performed, nothing relative left
    started_at: int  #: microseconds
    finished_at: int | None = None
    attempt: int = 1
    before: Args | None = None  #: what was there, for undo
    output: Args | None = None
    error: str = ""
    remedy: str = ""  #: the name of the remedy that it belongs to

    @property
    def half_done(self) -> bool:
        """Whether it failed, and may have changed something."""
        return self.outcome is Outcome.FAILED and bool((self.output or {}).get(HALF))

    @property
    def leaves_something(self) -> bool:
        """Whether there is something to put back: it is done, or half done and what was there before is known."""
        return self.outcome is Outcome.DONE or (self.half_done and bool(self.before))


class RunView(Struct, frozen=True):
    """Everything that is known of a run: what reports, the API and the CLI render."""

    id: str
    plan: Plan
    status: Status
    reason: str  #: why it stands so, in a sentence
    created_at: int
    updated_at: int
    finished_at: int | None
    journal: tuple[Entry, ...] = ()
    held_by: str = ""  #: the guard that holds it
    held_until: int | None = None
    effective_mode: Mode = Mode.OBSERVE
    mode_reason: str = ""  #: why that is stricter than the rule's, if it is
    shown: str = ""  #: digest of what an approver was shown
    approved_by: str = ""
    approval_reason: str = ""
    approvals: tuple[tuple[str, str], ...] = ()  #: everybody who has said yes, and why, in the order of time
    episodes: tuple[str, ...] = ()
    resolved_at: int | None = None  #: when the alert resolved, if it did
    called: bool = False  #: people were called though it goes on
    acknowledged_by: str = ""  #: who has taken it over
    rungs: tuple[tuple[str, int], ...] = ()  #: who will be told when, unless somebody acknowledges
    paused_by: str = ""  #: who has paused this run, and why
    paused_at: int | None = None
    taken_back: tuple[tuple[str, str], ...] = ()  #: keys of changes that other runs took back, and which runs
