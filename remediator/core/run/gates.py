"""What stands between a chosen remedy and its first change: whether the alert still fires, people, the guards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from remediator.core.durations import SECOND
from remediator.core.guards.silences import SILENCED, judge_silence
from remediator.core.guards.verdicts import Hold
from remediator.core.records import Entry, Outcome, Phase, RemedyPlan
from remediator.core.run.approval import ask, has_agreed
from remediator.core.run.moves import ALERT, Claim, Do, Finish, Job, Move, Setback, Stand
from remediator.core.run.state import RunState
from remediator.core.run.verifying import give_up
from remediator.core.transitions import Mode, Status, stricter

CONFIRM_AFTER = 600 * SECOND  #: a run older than this asks whether the alert still fires before it changes anything
CONFIRMED_FOR = 5 * SECOND  #: between two changes of a remedy Alertmanager is asked again when its answer is older


def gate(  # noqa: PLR0911 -- a return a gate
    run: RunState, cycle: int, remedy: RemedyPlan, last: Setback | None, now: int
) -> Move | None:
    """What stands between a chosen remedy and its first change: confirmation, mode, approval, claim."""
    # Who still waits for people does not act: it is confirmed when they have agreed.
    waits = run.status is Status.AWAITING_APPROVAL and not run.approved
    if not waits and (confirmed := _confirm(run, cycle, now)):
        return confirmed
    looks = [(f"{cycle}/caution/{index}", step) for index, step in enumerate(remedy.steps) if step.cautious]
    if unasked := [(key, step) for key, step in looks if key not in run.journal]:
        return Do(tuple(Job(key, Phase.CAUTION, cycle, step, remedy.name) for key, step in unasked), Status.DIAGNOSING)
    concerns = "; ".join(filter(None, [_concern(run.journal[key]) for key, _ in looks]))
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
        return give_up(run, None, f'"{remedy.name}" would be refused: {refused.error}')
    if mode is Mode.ASK:
        return ask(run, cycle, remedy, concerns, now)
    would = f'would do "{remedy.name}"'
    if last is not None:
        return give_up(run, last, f"{last.reason}; {would}, but {run.mode_reason or 'that remedy only observes'}")
    if run.mode_reason.startswith("breaker"):
        return Finish(Status.ESCALATED, f"{would}, but {run.mode_reason}")
    return Finish(Status.OBSERVED, f"{would}; {run.mode_reason or 'its mode is observe'}")


def _concern(entry: Entry) -> str:
    """Return why a person should decide; what could not be found out is a reason, too."""
    if entry.outcome is Outcome.DONE:
        return str((entry.output or {}).get("concern", ""))
    return f"nobody could tell whether {entry.action} is safe here: {entry.error}"


def _confirm(run: RunState, cycle: int, now: int) -> Move | None:
    """Ask Alertmanager, where that can be, whether somebody wants the alert quiet; after a wait, whether it fires."""
    waited = run.plan.wait > 0 or now - run.created_at >= CONFIRM_AFTER
    if not waited and not run.confirms:
        return None
    entry = run.journal.get(f"{cycle}/confirm/alert")
    if entry is None:
        return Do((Job(f"{cycle}/confirm/alert", Phase.CONFIRM, cycle, ALERT),), Status.DIAGNOSING)
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


def still_silenced(run: RunState, cycle: int) -> Move | None:
    """Ask again, before anything else, where a silence has held the run: whether it has ended, or the alert has."""
    if not run.held_scope.startswith(SILENCED):
        return None
    entry = run.journal.get(f"{cycle}/confirm/again")
    if entry is None:
        return Do((Job(f"{cycle}/confirm/again", Phase.CONFIRM, cycle, ALERT),), Status.HELD)
    if entry.outcome is not Outcome.DONE:
        return Stand(_as_far_as_is_known(run))
    return _unless_it_fires(run, entry.output or {})


def _as_far_as_is_known(run: RunState) -> Hold:
    """Return the silence that has held the run: it counts until Alertmanager says that it has ended."""
    said = {"by": "somebody, as far as is known", "silence": run.held_scope.removeprefix(SILENCED)}
    return judge_silence(run.id, said)


def silenced_meanwhile(run: RunState, cycle: int, now: int) -> Do | Stand | None:
    """Ask whether a person has silenced the alert since the last change; if they have, the next one is not begun.

    An answer of some seconds ago will do: a quick remedy asks once. All else that Alertmanager may say stops nothing:
    what has begun is finished.
    """
    asked = [entry for entry in run.journal.values() if entry.phase is Phase.CONFIRM and entry.cycle == cycle]
    last = max(asked, key=lambda entry: entry.finished_at or 0, default=None)
    if last is None or now - (last.finished_at or 0) >= CONFIRMED_FOR:
        return Do((Job(f"{cycle}/confirm/meanwhile", Phase.CONFIRM, cycle, ALERT),), run.status)
    said = last.output or {}
    if last.outcome is Outcome.DONE and said.get("state") == "silenced":
        return Stand(judge_silence(run.id, said), begun=True)
    if last.outcome is not Outcome.DONE and run.held_scope.startswith(SILENCED):
        return Stand(_as_far_as_is_known(run), begun=True)
    return None
