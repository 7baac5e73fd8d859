"""What a run looks at before it acts, and which remedy that speaks for."""

from __future__ import annotations

from msgspec import Struct

from remediator.core.plan import scope_of
from remediator.core.records import Outcome, Phase, RemedyPlan
from remediator.core.run.moves import Job
from remediator.core.run.state import RunState
from remediator.core.templates import compile_condition


class Choice(Struct, frozen=True):
    """The remedy whose condition holds, and why the ones before it do not."""

    remedy: RemedyPlan | None
    ruled_out: tuple[tuple[str, str], ...] = ()


def pending_reads(run: RunState, cycle: int) -> tuple[Job, ...]:
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


def baseline_holds(run: RunState, cycle: int) -> bool:
    """Whether the verification held before anything was done; what could not be read does not hold."""
    verify = run.plan.verify
    assert verify is not None  # noqa: S101 -- the caller asked
    entries = [run.journal[f"{cycle}/baseline/{step.id}"] for step in verify.conditions]
    held = [entry.outcome is Outcome.DONE and bool((entry.output or {}).get("holds")) for entry in entries]
    return all(held) if verify.every else any(held)


def choose(run: RunState, cycle: int, tried: list[str]) -> Choice:
    """Return the first untried remedy whose condition holds; unknown does not hold and says so."""
    if begun := run.journal.get(f"{cycle}/act/0"):
        return Choice(next((remedy for remedy in run.plan.remedies if remedy.name == begun.remedy), None))
    scope: dict[str, object] | None = None
    ruled_out: list[tuple[str, str]] = []
    for remedy in run.plan.remedies:
        if remedy.name in tried:
            ruled_out.append((remedy.name, "was tried"))
            continue
        if remedy.when is None:
            return Choice(remedy, tuple(ruled_out))
        scope = scope or scope_of(run.plan, run.journal, cycle)
        verdict = compile_condition(remedy.when).holds(scope)
        if verdict.value:
            return Choice(remedy, tuple(ruled_out))
        ruled_out.append((remedy.name, verdict.reason))
    return Choice(None, tuple(ruled_out))
