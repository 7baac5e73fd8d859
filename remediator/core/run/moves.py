"""The moves that a run can make, and the steps that it is sent to perform."""

from __future__ import annotations

from msgspec import Struct

from remediator.core.guards.verdicts import Hold
from remediator.core.policy import ANYBODY, ApprovalNeed
from remediator.core.records import Entry, Phase, StepPlan
from remediator.core.run.state import RunState
from remediator.core.transitions import Status

ALERT = StepPlan(id="alert", action="", args={}, timeout=10.0, attempts=2)  #: what is asked and done about the alert


class Job(Struct, frozen=True):
    """One step to perform. ``key`` is its place in the journal."""

    key: str
    phase: Phase
    cycle: int
    step: StepPlan
    remedy: str = ""


class Do(Struct, frozen=True):
    """Perform these steps (reads in parallel; a change alone)."""

    jobs: tuple[Job, ...]
    status: Status


class Claim(Struct, frozen=True):
    """Ask the guards, then take locks and reservations."""

    cycle: int


class Poll(Struct, frozen=True):
    """Take one sample of every verify condition."""

    cycle: int
    changed_at: int


class Wait(Struct, frozen=True):
    """Nothing to do until then, or until the row changes."""

    until: int | None
    status: Status
    reason: str
    shown: str = ""  #: digest of what an approver is shown
    held_by: str = ""
    need: ApprovalNeed = ANYBODY  #: who must approve what is shown


class Stand(Struct, frozen=True):
    """Somebody wants this alert quiet: hold nothing, and look again later.

    ``begun``: a remedy has begun; it keeps what it holds and stops before its next change.
    """

    hold: Hold
    begun: bool = False


class Finish(Struct, frozen=True):
    """The run is over."""

    status: Status
    reason: str


Move = Do | Claim | Poll | Wait | Stand | Finish


class Setback(Struct, frozen=True):
    """A remedy was tried and did not help."""

    reason: str
    step_failed: bool
    undone: bool = False
    undo_failed: bool = False


def resume(run: RunState, begun: list[Entry]) -> Do:
    """The process died between intent and outcome: the engine repeats or asks, as the action declares."""
    steps = {step.id: step for step in run.plan.diagnose}
    if run.plan.verify:
        steps |= {f"baseline/{step.id}": step for step in run.plan.verify.conditions}
    jobs = []
    for entry in begun:
        if entry.phase in (Phase.ACT, Phase.PREVIEW, Phase.CAUTION, Phase.UNDO):
            remedy = next(remedy for remedy in run.plan.remedies if remedy.name == entry.remedy)
            step = remedy.steps[int(entry.key.rsplit("/", 1)[1])]
        elif entry.phase in (Phase.CONFIRM, Phase.SILENCE):
            step = ALERT
        else:
            step = steps[f"baseline/{entry.step}" if entry.phase is Phase.BASELINE else entry.step]
        jobs.append(Job(entry.key, entry.phase, entry.cycle, step, entry.remedy))
    return Do(tuple(jobs), run.status)
