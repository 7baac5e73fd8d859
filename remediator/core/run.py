"""What a run does next, as a function of its plan, its journal and the time.

``next_move(run, now)`` is called again after every commit; recovery, approval, resume and cancel
are this same call on the stored journal. It reads like the guide: confirm, diagnose, choose a
remedy, ask, claim, act, verify, undo; then once more with the next remedy; then people.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from remediator.core.action import Parameters
from remediator.core.durations import SECOND, show_duration
from remediator.core.guards.silences import SILENCED, judge_silence
from remediator.core.guards.verdicts import Hold
from remediator.core.plan import scope_of
from remediator.core.policy import ANYBODY, ApprovalNeed
from remediator.core.records import Entry, Outcome, Phase, Plan, RemedyPlan, StepPlan
from remediator.core.templates import compile_condition
from remediator.core.transitions import Mode, Status, stricter
from remediator.core.undo_part import place, step_of

MAX_REMEDIES = 2  #: tried in one run
CONFIRM_AFTER = 600 * SECOND  #: a run older than this asks whether the alert still fires before it changes anything
CONFIRMED_FOR = 5 * SECOND  #: between two changes of a remedy Alertmanager is asked again when its answer is older
_ALERT = StepPlan(id="alert", action="", args={}, timeout=10.0, attempts=2)  #: what is asked and done about the alert

REFUSED = "refused"  #: stands for an approval when a person has said no; no digest looks like it


class RunState(NamedTuple):
    """A run as the engine moves it: the row's part that decides, and the journal by key."""

    id: str
    plan: Plan
    status: Status
    created_at: int
    mode: Mode  #: the strictest of rule and daemon, as it is now
    mode_reason: str = ""  #: why it is stricter than the rule asks
    journal: Mapping[str, Entry] = MappingProxyType({})
    claimed: int = -1  #: the last cycle whose guards were passed; -1: it holds no locks and reservations
    approved: str = ""  #: digest of what was approved, or REFUSED
    cancelled_by: str = ""
    take_back: bool = False  #: when it is cancelled, what it has changed so far is taken back
    paused_by: str = ""  #: who has paused this run, and why; empty: nobody
    resolved: bool = False  #: all of its alerts have resolved
    deadline: int | None = None  #: when the run's time is up
    waiting_since: int | None = None  #: since when it has been held or awaiting approval
    storm: str = ""  #: the run in whose digests it is told, not on its own
    held_scope: str = ""  #: what it is held on; who waits behind it is woken when it goes on
    asks: Mapping[str, ApprovalNeed] = MappingProxyType({})  #: remedies that the site's policy wants approved
    asked: ApprovalNeed = ANYBODY  #: who had to approve what was shown last
    confirms: bool = False  #: whether Alertmanager can be asked how the alert stands
    quiet: bool = False  #: whether the alert is to be silenced while the run works
    ready: Mapping[str, Parameters] = MappingProxyType({})  #: rendered when it was planned, in this process


class Job(NamedTuple):
    """One step to perform. ``key`` is its place in the journal."""

    key: str
    phase: Phase
    cycle: int
    step: StepPlan
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Do:
    """Perform these steps (reads in parallel; a change alone)."""

    jobs: tuple[Job, ...]
    status: Status


@dataclass(frozen=True, slots=True)
class Claim:
    """Ask the guards, then take locks and reservations."""

    cycle: int


@dataclass(frozen=True, slots=True)
class Poll:
    """Take one sample of every verify condition."""

    cycle: int
    changed_at: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until then, or until the row changes."""

    until: int | None
    status: Status
    reason: str
    shown: str = ""  #: digest of what an approver is shown
    held_by: str = ""
    need: ApprovalNeed = ANYBODY  #: who must approve what is shown


@dataclass(frozen=True, slots=True)
class Stand:
    """Somebody wants this alert quiet: hold nothing, and look again later.

    ``begun``: a remedy has begun; it keeps what it holds and stops before its next change.
    """

    hold: Hold
    begun: bool = False


@dataclass(frozen=True, slots=True)
class Finish:
    """The run is over."""

    status: Status
    reason: str


Move = Do | Claim | Poll | Wait | Stand | Finish


@dataclass(frozen=True, slots=True)
class Setback:
    """A remedy was tried and did not help."""

    reason: str
    step_failed: bool
    undone: bool = False
    undo_failed: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """The remedy whose condition holds, and why the ones before it do not."""

    remedy: RemedyPlan | None
    ruled_out: tuple[tuple[str, str], ...] = ()


_BEFORE_ACTING = frozenset({Status.HELD, Status.QUEUED, Status.DIAGNOSING, Status.AWAITING_APPROVAL})


def next_move(run: RunState, now: int) -> Move:
    """Return what this run does next. Pure: the same run and time give the same move."""
    move = _guides_move(run, now)
    return _paused(run, move) if run.paused_by else move


def _paused(run: RunState, move: Move) -> Move:
    """Return what a paused run still does: end a step that it has begun, see whether the last one helped, end.

    It begins nothing, and no time runs out for it.
    """
    entries = [run.journal.get(job.key) for job in move.jobs] if isinstance(move, Do) else []
    begins = any(entry is None or entry.outcome is not Outcome.INTENT for entry in entries)
    if begins or isinstance(move, Claim) or (isinstance(move, Finish) and move.status is Status.EXPIRED):
        return Wait(None, run.status, f"paused by {run.paused_by}", held_by="pause")
    return move


def _guides_move(run: RunState, now: int) -> Move:  # noqa: C901, PLR0911, PLR0912 -- it reads like the guide, a return a case
    if run.plan.undoes:
        return next_undo(run, now)
    if unknown := _first(run, Phase.ACT, Outcome.UNKNOWN):
        return Finish(Status.UNKNOWN, f"nobody can tell whether {unknown.action} took effect: {unknown.error}")
    if begun := [entry for entry in run.journal.values() if entry.outcome is Outcome.INTENT]:
        return _resume(run, begun)
    if run.cancelled_by and run.approved == REFUSED:
        return Finish(Status.REFUSED, f"refused by {run.cancelled_by}")
    if run.cancelled_by:
        return Finish(Status.CANCELLED, f"cancelled by {run.cancelled_by}")
    acted = _first(run, Phase.ACT, Outcome.DONE, Outcome.FAILED) is not None
    if run.resolved and not acted:
        return Finish(Status.CANCELLED, "the alert resolved before anything was changed")
    # A sender's clock may be ahead of ours: an alert that is here has begun.
    fires_until = min(run.plan.starts_at, run.created_at) + int(run.plan.wait * SECOND)
    if now < fires_until and not acted:
        reason = f"must be firing for {show_duration(run.plan.wait)}"
        return Wait(fires_until, Status.HELD, reason, held_by="for")
    tried: list[str] = []
    setback: Setback | None = None
    for cycle in range(MAX_REMEDIES):
        if setback and run.resolved and f"{cycle}/act/0" not in run.journal:
            return Finish(Status.UNVERIFIED, f"{setback.reason}; the alert has resolved since")
        if all(remedy.name in tried for remedy in run.plan.remedies) and setback:
            break
        if f"{cycle}/act/0" not in run.journal and (again := _still_silenced(run, cycle)):
            return again
        if _may_claim(run) and run.claimed < cycle and f"{cycle}/act/0" not in run.journal:
            return Claim(cycle)
        if run.deadline is not None and now >= run.deadline and not (run.paused_by or _acting_done(run, cycle)):
            reason = f"its time of {show_duration(run.plan.timeout)} is up"
            if run.held_scope.startswith(SILENCED):
                reason += " while the alert is silenced by a person"
            return _give_up(run, setback or Setback(reason, step_failed=True), reason)
        came = _cycle(run, cycle, tried, setback, now)
        if not isinstance(came, Setback):
            return came
        setback = came
        if setback.undo_failed:
            break
    assert setback is not None  # noqa: S101 -- the loop runs at least once
    return _give_up(run, setback, setback.reason)


def _cycle(  # noqa: C901, PLR0911, PLR0912 -- see next_move
    run: RunState, cycle: int, tried: list[str], last: Setback | None, now: int
) -> Move | Setback:
    """One remedy from its diagnosis to its verification. Long because it is the guide's own order."""
    plan = run.plan
    if jobs := _pending_reads(run, cycle):
        return Do(jobs, Status.DIAGNOSING)
    if plan.verify and f"{cycle}/act/0" not in run.journal and _baseline_holds(run, cycle):
        if last is None:
            return Finish(Status.RECOVERED_ITSELF, "the verification already held before anything was done")
        return Finish(Status.SUCCEEDED, f"{last.reason}; but it holds now, before another remedy")
    if plan.call_people:
        return Finish(Status.ESCALATED, "the guide calls people; what to do is theirs")
    if not plan.remedies:
        return Finish(Status.OBSERVED, "the guide gathers evidence; what to do is for people")
    found = [run.journal[f"{cycle}/diagnose/{step.id}"] for step in plan.diagnose]
    if found and all(entry.outcome is not Outcome.DONE for entry in found):
        return _give_up(run, last, "no diagnosis could be made: " + "; ".join(entry.error for entry in found[:3]))
    choice = choose(run, cycle, tried)
    if choice.remedy is None:
        why = "; ".join(f"{name}: {reason}" for name, reason in choice.ruled_out)
        return _give_up(run, last, (f"{last.reason}; " if last else "") + f"no remedy applies ({why})")
    remedy = choice.remedy
    tried.append(remedy.name)
    if f"{cycle}/act/0" not in run.journal:
        if gate := _gate(run, cycle, remedy, last, now):
            return gate
        if run.quiet and f"{cycle}/silence/alert" not in run.journal:
            return Do((Job(f"{cycle}/silence/alert", Phase.SILENCE, cycle, _ALERT, remedy.name),), Status.DIAGNOSING)
    for index, step in enumerate(remedy.steps):
        entry = run.journal.get(f"{cycle}/act/{index}")
        if entry is None:
            if index and step.changes and run.confirms and (silenced := _silenced_meanwhile(run, cycle, now)):
                return silenced
            return Do((Job(f"{cycle}/act/{index}", Phase.ACT, cycle, step, remedy.name),), Status.ACTING)
        if entry.outcome is Outcome.FAILED:
            return _take_back(run, cycle, remedy, f"{remedy.name}: {step.action} failed: {entry.error}", failed=True)
    return _verify(run, cycle, remedy, now)


def _pending_reads(run: RunState, cycle: int) -> tuple[Job, ...]:
    """Diagnosis (and, at first, the verification's baseline): all that waits for no other step."""
    if f"{cycle}/act/0" in run.journal:
        return ()
    keys = [(step, f"{cycle}/diagnose/{step.id}") for step in run.plan.diagnose]
    pending = [(step, key) for step, key in keys if key not in run.journal]
    waited_for = {step.id for step, _ in pending}
    jobs = [Job(key, Phase.DIAGNOSE, cycle, step) for step, key in pending if waited_for.isdisjoint(step.needs)]
    if run.plan.verify and run.plan.remedies:
        jobs += [
            Job(key, Phase.BASELINE, cycle, step)
            for step in run.plan.verify.conditions
            if (key := f"{cycle}/baseline/{step.id}") not in run.journal and waited_for.isdisjoint(step.needs)
        ]
    return tuple(jobs)


def _gate(  # noqa: PLR0911 -- see next_move
    run: RunState, cycle: int, remedy: RemedyPlan, last: Setback | None, now: int
) -> Move | None:
    """What stands between a chosen remedy and its first change: confirmation, mode, approval, claim."""
    # Who still waits for people does not act: it is confirmed when they have agreed.
    waits = run.status is Status.AWAITING_APPROVAL and not run.approved
    if not waits and (confirmed := _confirm(run, cycle, now)):
        return confirmed
    looks = [(f"{cycle}/caution/{index}", step) for index, step in enumerate(remedy.steps) if step.cautious]
    unasked = [(key, step) for key, step in looks if key not in run.journal]
    if unasked:
        return Do(tuple(Job(key, Phase.CAUTION, cycle, step, remedy.name) for key, step in unasked), Status.DIAGNOSING)
    concerns = "; ".join(filter(None, (_concern(run.journal[key]) for key, _ in looks)))
    # Who was asked, for whatever reason, has said yes to what was shown and to nothing else; and a run that waits
    # for a yes goes on waiting when the reason for asking has passed.
    asks = waits or concerns or remedy.name in run.asks or has_agreed(run, cycle)
    mode = stricter(run.mode, remedy.mode, Mode.ASK if asks else Mode.AUTO)
    if mode is Mode.AUTO:
        return None if run.claimed >= cycle else Claim(cycle)
    keys = [(f"{cycle}/preview/{index}", step) for index, step in enumerate(remedy.steps)]
    if jobs := tuple(Job(key, Phase.PREVIEW, cycle, step, remedy.name) for key, step in keys if key not in run.journal):
        return Do(jobs, Status.DIAGNOSING)
    if refused := next((run.journal[key] for key, _ in keys if run.journal[key].outcome is Outcome.FAILED), None):
        return _give_up(run, None, f'"{remedy.name}" would be refused: {refused.error}')
    if mode is Mode.ASK:
        return _ask(run, cycle, remedy, concerns, now)
    would = f'would do "{remedy.name}"'
    if last is not None:
        return _give_up(run, last, f"{last.reason}; {would}, but {run.mode_reason or 'that remedy only observes'}")
    if run.mode_reason.startswith("breaker"):
        return Finish(Status.ESCALATED, f"{would}, but {run.mode_reason}")
    return Finish(Status.OBSERVED, f"{would}; {run.mode_reason or 'its mode is observe'}")


def _concern(entry: Entry) -> str:
    """Return why a person should decide; what could not be found out is a reason, too."""
    if entry.outcome is Outcome.DONE:
        return str((entry.output or {}).get("concern", ""))
    return f"nobody could tell whether {entry.action} is safe here: {entry.error}"


def _ask(run: RunState, cycle: int, remedy: RemedyPlan, concerns: str, now: int) -> Move | None:
    """Wait for a person; what was approved must be what would be done now."""
    shown, need = digest(run, cycle, remedy), run.asks.get(remedy.name, ANYBODY)
    if run.approved == shown and run.asked.covers(need):
        return None if run.claimed >= cycle else Claim(cycle)
    asked_at = run.waiting_since if run.status is Status.AWAITING_APPROVAL and run.waiting_since else now
    until = asked_at + int(run.plan.approval_timeout * SECOND)
    if now >= until:
        return Finish(Status.EXPIRED, f'nobody approved "{remedy.name}" in {show_duration(run.plan.approval_timeout)}')
    reason = f'waits for approval of "{remedy.name}"' + (f" by {need.persons} persons" if need.persons > 1 else "")
    again = "; what would change is no longer what was approved" if run.approved else ""
    if run.approved == shown:
        again = "; who must approve it is no longer who was asked"
    why = "; ".join(filter(None, (concerns, run.mode_reason if run.mode is Mode.ASK else "")))
    because = f"; {why}" if why else ""
    return Wait(until, Status.AWAITING_APPROVAL, reason + again + because, shown, need=need)


def has_agreed(run: RunState, cycle: int) -> bool:
    """Whether a person has said yes, and that yes was not for the remedy of an earlier cycle."""
    return bool(run.approved) and all(run.approved != _was_shown(run, earlier) for earlier in range(cycle))


def _was_shown(run: RunState, cycle: int) -> str:
    """Return the digest of what people were shown in a cycle; empty when nothing was, or not all of it."""
    first = run.journal.get(f"{cycle}/preview/0")
    remedy = next((each for each in run.plan.remedies if first and each.name == first.remedy), None)
    if remedy is None or any(f"{cycle}/preview/{index}" not in run.journal for index in range(len(remedy.steps))):
        return ""
    return digest(run, cycle, remedy)


def _confirm(run: RunState, cycle: int, now: int) -> Move | None:
    """Ask Alertmanager, where that can be, whether somebody wants the alert quiet; after a wait, whether it fires."""
    waited = run.plan.wait > 0 or now - run.created_at >= CONFIRM_AFTER
    if not waited and not run.confirms:
        return None
    entry = run.journal.get(f"{cycle}/confirm/alert")
    if entry is None:
        return Do((Job(f"{cycle}/confirm/alert", Phase.CONFIRM, cycle, _ALERT),), Status.DIAGNOSING)
    if entry.outcome is not Outcome.DONE:
        return None  # it cannot be asked: the last word that we had counts
    output = entry.output or {}
    if output.get("state") == "resolved" and not waited:
        return None  # it was sent just now: by another Alertmanager, or by one that has been started again since
    return _unless_it_fires(run, output)


def _unless_it_fires(run: RunState, said: Mapping[str, Any]) -> Move | None:
    state = said.get("state", "firing")
    if state == "firing":
        return None
    if state == "silenced":
        return Stand(judge_silence(run.id, said))
    return Finish(Status.CANCELLED, f"Alertmanager says the alert is {state}")


def _still_silenced(run: RunState, cycle: int) -> Move | None:
    """Ask again, before anything else, where a silence has held the run: whether it has ended, or the alert has."""
    if not run.held_scope.startswith(SILENCED):
        return None
    entry = run.journal.get(f"{cycle}/confirm/again")
    if entry is None:
        return Do((Job(f"{cycle}/confirm/again", Phase.CONFIRM, cycle, _ALERT),), Status.HELD)
    if entry.outcome is not Outcome.DONE:
        said = {"by": "somebody, as far as is known", "silence": run.held_scope.removeprefix(SILENCED)}
        return Stand(judge_silence(run.id, said))
    return _unless_it_fires(run, entry.output or {})


def _silenced_meanwhile(run: RunState, cycle: int, now: int) -> Do | Stand | None:
    """Ask whether a person has silenced the alert since the last change; if they have, the next one is not begun.

    An answer of some seconds ago will do: a quick remedy asks once. All else that Alertmanager may say stops nothing:
    what has begun is finished.
    """
    asked = [entry for entry in run.journal.values() if entry.phase is Phase.CONFIRM and entry.cycle == cycle]
    last = max(asked, key=lambda entry: entry.finished_at or 0, default=None)
    if last is None or now - (last.finished_at or 0) >= CONFIRMED_FOR:
        return Do((Job(f"{cycle}/confirm/meanwhile", Phase.CONFIRM, cycle, _ALERT),), run.status)
    said = last.output or {}
    if last.outcome is Outcome.DONE and said.get("state") == "silenced":
        return Stand(judge_silence(run.id, said), begun=True)
    return None


def _verify(run: RunState, cycle: int, remedy: RemedyPlan, now: int) -> Move | Setback:
    verify = run.plan.verify
    if verify is None:
        return Finish(
            Status.UNVERIFIED, f'"{remedy.name}" was done; the guide has no verify, so nobody knows if it helped'
        )
    changed_at = max(entry.finished_at or entry.started_at for entry in _acts(run, cycle))
    entry = run.journal.get(f"{cycle}/verify/all")
    if entry is None:
        return Poll(cycle, changed_at)
    output = entry.output or {}
    if entry.outcome is Outcome.DONE and output.get("verdict") == "holds":
        return _holds_now(run, remedy, str(output.get("reason", "")))
    if entry.outcome is Outcome.DONE and output.get("verdict") == "failed":
        return _take_back(run, cycle, remedy, f'"{remedy.name}" did not help: {output.get("reason", "")}', failed=False)
    due = (entry.finished_at or entry.started_at) + int(verify.interval * SECOND)
    return Poll(cycle, changed_at) if now >= due else Wait(due, Status.VERIFYING, str(output.get("reason", "")))


def _holds_now(run: RunState, remedy: RemedyPlan, reason: str) -> Finish:
    """What has only looked has helped nothing: it recovered by itself, unless an earlier remedy changed something."""
    acts = [entry for entry in run.journal.values() if entry.phase is Phase.ACT]
    changed = [entry for entry in acts if step_of(run.plan, entry).changes]
    if not changed:
        return Finish(Status.RECOVERED_ITSELF, f'"{remedy.name}" only looked, nothing was changed: {reason}')
    if all(entry.remedy != remedy.name for entry in changed):
        return Finish(
            Status.SUCCEEDED, f'it holds since "{remedy.name}" looked again after "{changed[-1].remedy}": {reason}'
        )
    return Finish(Status.SUCCEEDED, f'"{remedy.name}" helped: {reason}')


def _take_back(run: RunState, cycle: int, remedy: RemedyPlan, reason: str, *, failed: bool) -> Move | Setback:
    """Undo what the remedy changed, where the guide and the actions allow it without a person."""
    undone = bad = False
    if run.plan.undo == "on_failure":
        for index, step in reversed(list(enumerate(remedy.steps))):
            act = run.journal.get(f"{cycle}/act/{index}")
            if act is None or act.outcome is not Outcome.DONE or not step.undo_safe:
                continue
            entry = run.journal.get(f"{cycle}/undo/{index}")
            if entry is None:
                return Do((Job(f"{cycle}/undo/{index}", Phase.UNDO, cycle, step, remedy.name),), Status.ACTING)
            undone, bad = True, bad or entry.outcome is not Outcome.DONE
    return Setback(reason, step_failed=failed, undone=undone and not bad, undo_failed=bad)


def next_undo(run: RunState, now: int) -> Move:  # noqa: PLR0911 -- see next_move
    """Return what a run does next that takes another one back: its journal holds the other's changes."""
    if begun := [entry for entry in run.journal.values() if entry.outcome is Outcome.INTENT]:
        return _resume(run, begun)
    undone = [entry for entry in run.journal.values() if entry.phase is Phase.UNDO]
    if run.cancelled_by:
        after = f" after {len(undone)} steps" if undone else ""
        return Finish(Status.CANCELLED, f"cancelled by {run.cancelled_by}{after}")
    due = run.created_at + int(run.plan.wait * SECOND)
    if now < due and not undone:
        return Wait(due, Status.HELD, f"takes back run {run.plan.undoes} when its time is over", held_by="for")
    if run.claimed < 0:
        return Claim(0)
    steps = {remedy.name: remedy.steps for remedy in run.plan.remedies}
    acts = sorted((entry for entry in run.journal.values() if entry.phase is Phase.ACT), key=place)
    for act in reversed(acts):
        cycle, _, index = act.key.split("/")
        key = f"{cycle}/undo/{index}"
        if key not in run.journal:
            return Do((Job(key, Phase.UNDO, act.cycle, steps[act.remedy][int(index)], act.remedy),), Status.ACTING)
    failed = [f"{entry.action}: {entry.error}" for entry in undone if entry.outcome is not Outcome.DONE]
    if failed:
        return Finish(Status.ESCALATED, f"run {run.plan.undoes} could not be taken back: {'; '.join(failed)}")
    rest = f" {run.plan.undoes_part}; the rest stays" if run.plan.undoes_part else ""
    return Finish(Status.UNDONE, f"took back what run {run.plan.undoes} changed{rest}")


def _give_up(run: RunState, setback: Setback | None, reason: str) -> Finish:
    """No remedy is left: people are needed."""
    if setback is None or run.plan.escalate or setback.undo_failed:
        return Finish(Status.ESCALATED, reason)
    if setback.undone:
        return Finish(Status.UNDONE, reason)
    return Finish(Status.FAILED if setback.step_failed else Status.UNVERIFIED, reason)


def choose(run: RunState, cycle: int, tried: list[str]) -> Choice:
    """Return the first untried remedy whose condition holds; unknown does not hold and says so."""
    if begun := run.journal.get(f"{cycle}/act/0"):
        return Choice(next((remedy for remedy in run.plan.remedies if remedy.name == begun.remedy), None))
    scope = scope_of(run.plan, run.journal, cycle)
    ruled_out: list[tuple[str, str]] = []
    for remedy in run.plan.remedies:
        if remedy.name in tried:
            ruled_out.append((remedy.name, "was tried"))
            continue
        if remedy.when is None:
            return Choice(remedy, tuple(ruled_out))
        verdict = compile_condition(remedy.when).holds(scope)
        if verdict.value:
            return Choice(remedy, tuple(ruled_out))
        ruled_out.append((remedy.name, verdict.reason))
    return Choice(None, tuple(ruled_out))


def digest(run: RunState, cycle: int, remedy: RemedyPlan) -> str:
    """Name what an approver is shown: the remedy, its arguments, and what was there before."""
    previews = [run.journal[f"{cycle}/preview/{index}"] for index in range(len(remedy.steps))]
    shown = [remedy.name, [[entry.action, entry.args, entry.before] for entry in previews]]
    return hashlib.sha256(json.dumps(shown, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _resume(run: RunState, begun: list[Entry]) -> Do:
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
            step = _ALERT
        else:
            step = steps[f"baseline/{entry.step}" if entry.phase is Phase.BASELINE else entry.step]
        jobs.append(Job(entry.key, entry.phase, entry.cycle, step, entry.remedy))
    return Do(tuple(jobs), run.status)


def _may_claim(run: RunState) -> bool:
    """Whether it may act without asking anybody (any more)."""
    if run.plan.limits is not None and run.plan.limits.share is not None:
        return False  # how much it may change is known after its diagnosis
    if not run.plan.remedies or (run.status is Status.AWAITING_APPROVAL and not run.approved):
        return False
    if run.mode is Mode.AUTO:
        return bool(run.approved) or any(
            remedy.mode is Mode.AUTO and remedy.name not in run.asks for remedy in run.plan.remedies
        )
    return run.mode is Mode.ASK and bool(run.approved)


def _baseline_holds(run: RunState, cycle: int) -> bool:
    verify = run.plan.verify
    assert verify is not None  # noqa: S101 -- the caller asked
    entries = [run.journal[f"{cycle}/baseline/{step.id}"] for step in verify.conditions]
    held = [entry.outcome is Outcome.DONE and bool((entry.output or {}).get("holds")) for entry in entries]
    return all(held) if verify.every else any(held)


def _acts(run: RunState, cycle: int) -> list[Entry]:
    return [entry for entry in run.journal.values() if entry.phase is Phase.ACT and entry.cycle == cycle]


def _acting_done(run: RunState, cycle: int) -> bool:
    """Whether this cycle's changes are made, so that only reading is left: that may finish late."""
    return f"{cycle}/verify/all" in run.journal


def _first(run: RunState, phase: Phase, *outcomes: Outcome) -> Entry | None:
    return next((e for e in run.journal.values() if e.phase is phase and e.outcome in outcomes), None)
