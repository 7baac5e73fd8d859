"""What would come of an alert now, and why: rules, plan, guards, steps. Nothing is changed by asking.

With a store the guards' facts are those of its rows; without one nothing has happened before, and it says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from remediator.actions import registry
from remediator.core.alert import Alert
from remediator.core.durations import SECOND, show_duration
from remediator.core.guards import GUARDS, Facts, Hold, Lower, Refuse, Verdict
from remediator.core.matched import Looked, look
from remediator.core.plan import Refusal, scope_of, validated
from remediator.core.records import Plan, RunView, StepPlan
from remediator.core.transitions import Mode
from remediator.engine.admit import Proposal, propose
from remediator.engine.allowed import forbidden_beforehand, only_what_the_policy_allows
from remediator.engine.forward import asks_of, binding_mode
from remediator.engine.work import Site
from remediator.errors import RenderError
from remediator.store import facts, inbox, journal
from remediator.store.sqlite import Tx


class Said(Struct, frozen=True):
    """What one guard says: ``lets through``, ``holds``, ``refuses``, ``observe`` or ``ask``."""

    guard: str
    verdict: str
    reason: str = ""
    until: int | None = None  #: microseconds since 1970; None with ``holds``: until something ends it
    advice: str = ""


class Step(Struct, frozen=True):
    """A step as it would be done; arguments that wait for another step's outputs stand as written."""

    id: str
    action: str
    arguments: Mapping[str, Any]
    changes: bool = False
    problem: str = ""  #: why it would fail already


class Remedy(Struct, frozen=True):
    """A remedy with its condition."""

    name: str
    mode: str
    when: str
    steps: tuple[Step, ...]


class Would(Struct, frozen=True):
    """What one rule would do."""

    rule: str
    refused_by: str = ""  #: there is no plan: what refuses it, and why
    because: str = ""
    guide: str = ""
    summary: str = ""
    target: str = ""
    locks: tuple[str, ...] = ()
    parameters: Mapping[str, Any] | None = None
    mode: str = ""  #: that binds now
    mode_because: str = ""  #: why it is stricter than the rule's
    acts: bool = True  #: False: a rule before it acts on the alert
    joins: str = ""  #: the run that it would join
    guards: tuple[Said, ...] = ()
    diagnose: tuple[Step, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    verify: tuple[Step, ...] = ()
    verify_text: str = ""
    escalate: str = ""

    @property
    def verdict(self) -> Said:
        """The first guard that objects, else one that lowers, else none."""
        for one in self.guards:
            if one.verdict in ("holds", "refuses"):
                return one
        lowered = [one for one in self.guards if one.verdict in ("observe", "ask")]
        return next((one for one in lowered if one.verdict == "observe"), lowered[0] if lowered else Said("", "run"))


class Explained(Struct, frozen=True):
    """An alert, the rules that were looked at, and what those that match would do."""

    labels: Mapping[str, str]
    rules: tuple[Looked, ...]
    would: tuple[Would, ...]
    history: bool  #: whether the facts of a store were read
    at: int  #: now
    then: tuple[Mapping[str, Any], ...] = ()  #: what was decided when it came, where it did

    @property
    def matches(self) -> bool:
        """Whether any rule takes it."""
        return bool(self.would)


def explain(site: Site, alert: Alert, now: int, tx: Tx | None = None, run: str = "") -> Explained:
    """Return what would come of this alert now. ``run``: one whose own locks and places do not count against it."""
    made = propose(site.table, alert)
    would, acts = [], True
    for proposal in made:
        would.append(_would(site, alert, proposal, now, tx, run, acts=acts))
        acts = acts and isinstance(proposal.made, Refusal)
    return Explained(alert.labels, look(site.table, alert.labels), tuple(would), tx is not None, now)


def of_run(tx: Tx, run: str) -> tuple[Alert, tuple[Mapping[str, Any], ...]]:
    """Return the alert of a run, and what was decided on it then. Raise NotFoundError."""
    view = journal.view(tx, run)
    plan = view.plan
    rows = tx.all("SELECT rule, verdict, guard, reason, until, at FROM decision WHERE run = ? LIMIT 100", run)
    keys = ("rule", "verdict", "guard", "reason", "until", "at")
    then = [dict(zip(keys, row, strict=True)) for row in rows]
    stands = {"rule": plan.rule, "verdict": str(view.status), "guard": view.held_by, "reason": view.reason,
              "until": view.held_until, "at": _stands_since(tx, view)}  # fmt: skip
    return Alert(plan.fingerprint, True, plan.labels, plan.annotations, plan.starts_at, None), (*then, stands)


def _stands_since(tx: Tx, view: RunView) -> int:
    """Return since when a run has its status. Who has taken it over since then moves nothing."""
    if view.reason.startswith("settled by "):
        query = "SELECT max(at) FROM audit WHERE what NOT IN ('decision', 'change') AND what = 'settle' AND subject = ?"
        settled = tx.one(query, view.id)
        if settled and settled[0]:
            return int(settled[0])
    return view.finished_at or view.updated_at


def of_episode(tx: Tx, episode: str) -> tuple[Alert, tuple[Mapping[str, Any], ...]] | None:
    """Return the alert of an episode, and what was decided on it; None when there is none."""
    row = tx.one("SELECT fingerprint, labels, annotations, starts_at FROM episode WHERE id = ?", episode)
    if row is None:
        return None
    rows = tx.all("SELECT rule, verdict, guard, reason, until, at FROM decision WHERE episode = ? LIMIT 100", episode)
    keys = ("rule", "verdict", "guard", "reason", "until", "at")
    alert = Alert(row[0], True, journal.decode(row[1]), journal.decode(row[2]), row[3], None)
    return alert, tuple(dict(zip(keys, one, strict=True)) for one in rows)


def _would(site: Site, alert: Alert, proposal: Proposal, now: int, tx: Tx | None, run: str, *, acts: bool) -> Would:
    plan = proposal.made
    if isinstance(plan, Refusal):
        return Would(proposal.rule, plan.guard, plan.reason, acts=acts)
    rule = site.table.rule(plan.rule)
    oldest = rule.text.max_age if rule else 0.0
    if oldest and now - alert.starts_at > int(oldest * SECOND):
        reason = f"it began {show_duration((now - alert.starts_at) / SECOND)} ago; max_age is {show_duration(oldest)}"
        return Would(plan.rule, "stale", reason, acts=acts)
    mode, because = binding_mode(plan, site, may_act=acts, created_at=now)
    other = inbox.run_to_join(tx, proposal.same, may_act=acts) if tx is not None else None
    asks = asks_of(plan, site)
    verify = plan.verify
    return Would(
        rule=plan.rule, guide=plan.guide, summary=plan.summary, target=plan.target, locks=plan.locks,
        parameters=plan.params, mode=str(mode), mode_because=because, acts=acts,
        joins=other if other is not None and other != run else "",
        guards=_guards(site, plan, mode, now, tx, run),
        diagnose=tuple(_step(site, plan, step) for step in plan.diagnose),
        remedies=tuple(
            Remedy(
                one.name, str(Mode.ASK if one.name in asks and one.mode is Mode.AUTO else one.mode), one.when or "",
                tuple(_step(site, plan, step) for step in one.steps),
            )
            for one in plan.remedies
        ),
        verify=tuple(_step(site, plan, step) for step in verify.conditions) if verify else (),
        verify_text=f"{'all' if verify.every else 'any'} within {show_duration(verify.within)}" if verify else "",
        escalate=plan.escalate or "",
    )  # fmt: skip


def _guards(site: Site, plan: Plan, mode: Mode, now: int, tx: Tx | None, run: str) -> tuple[Said, ...]:
    """Ask every guard by itself; ``for`` comes first, for it is the run's own timer; then what can never be done."""
    known = Facts(pauses=site.paused, intervals=site.table.intervals, trials=site.backend_breaker.trials)
    if tx is not None:
        known = facts.read(tx, run, plan, now, site.limits, now, again=True, known=known)
    said = []
    until = min(plan.starts_at or now, now) + int(plan.wait * SECOND)
    if plan.wait:
        waits = now < until
        reason = f"must be firing for {show_duration(plan.wait)}"
        said.append(Said("for", "holds" if waits else "lets through", reason, until if waits else None))
    forbidden = _forbidden(site, plan, mode)
    said.append(Said("policy", "refuses" if forbidden else "lets through", forbidden))
    for guard in GUARDS:
        name = "throttle and budget" if guard.__name__ == "judge_spent" else guard.__name__.removeprefix("judge_")
        said.append(_said(name, guard(plan, known, site.envelope, now)))
    return tuple(said)


def _forbidden(site: Site, plan: Plan, mode: Mode) -> str:
    """Say why the policy lets none of the remedies be done; empty when it may let one.

    One that acts goes on to the next remedy; one that observes or asks speaks of the first whose condition holds.
    """
    remedies = plan.remedies
    if mode is not Mode.AUTO:
        sure = next((number for number, one in enumerate(remedies) if one.when is None), len(remedies))
        remedies = remedies[: sure + 1]
    reasons = [forbidden_beforehand(plan, one, site.envelope.policy) for one in remedies]
    return reasons[0] if reasons and all(reasons) else ""


def _said(name: str, verdict: Verdict) -> Said:
    match verdict:
        case Hold():
            return Said(verdict.guard, "holds", verdict.reason, verdict.until, verdict.advice)
        case Refuse():
            return Said(verdict.guard, "refuses", verdict.reason, None, verdict.advice)
        case Lower():
            return Said(verdict.guard, str(verdict.mode), verdict.reason, None, verdict.advice)
        case None:
            return Said(name, "lets through")


def _step(site: Site, plan: Plan, step: StepPlan) -> Step:
    action = registry.find(step.action)
    if action is None:
        return Step(step.id, step.action, step.args, step.changes)
    shown, problem, made = step.args, "", None
    try:
        if not step.needs:
            made = validated(action, step, scope_of(plan, {}, 0))
            shown = made.model_dump(mode="json", exclude_defaults=True, by_alias=True)
        only_what_the_policy_allows(site.envelope.policy, action, made)
    except RenderError as error:
        problem = str(error)
    return Step(step.id, step.action, shown, step.changes, problem)
