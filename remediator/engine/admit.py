"""Admit alerts: episodes, decisions, runs; and, where nothing has to be waited for, their first step.

``propose`` is pure and works before the transaction: match and plan. ``admit`` is a unit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import orjson
from msgspec import Struct, field
from msgspec.structs import replace

from remediator.actions import registry
from remediator.core.action import Parameters
from remediator.core.alert import Alert
from remediator.core.durations import SECOND, show_duration
from remediator.core.fingerprints import fingerprint_apart
from remediator.core.guards import Lower
from remediator.core.plan import Refusal, bind
from remediator.core.records import Plan
from remediator.core.redaction import redact
from remediator.core.rules import RuleTable
from remediator.core.run import RunState
from remediator.core.transitions import Status
from remediator.engine.clock import new_id
from remediator.engine.forward import asks_of, binding_mode, is_quiet, move
from remediator.engine.limits import Slots
from remediator.engine.work import Site, Work
from remediator.store import inbox, journal, storms
from remediator.store.journal import encode
from remediator.store.sqlite import Tx

FORGOTTEN = 24 * 3600 * SECOND  #: an episode not heard of for so long is over, when a later one begins
CHUNK = 64  #: alerts admitted in one transaction


class Proposal(Struct, frozen=True):
    """A rule that an alert meets, and the plan that would be run."""

    rule: str
    made: Plan | Refusal
    same: str = ""  #: equal plans of open runs join
    ready: Mapping[str, Parameters] = field(default_factory=dict)  #: what was rendered on the way, by remedy/index


class Admitted(Struct):
    """What came of admitting some alerts; the engine takes it from here."""

    works: list[Work] = field(default_factory=list)
    wake: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)  #: fingerprints whose episode is now known to be open
    refused: list[tuple[str, str, str, str]] = field(default_factory=list)  #: (episode, rule, guard, reason)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)  #: (verdict, rule)
    told: bool = False
    calm: dict[str, int] | None = None  #: see ``storms.count``

    def clear(self) -> None:
        """Forget a try that was rolled back."""
        for found in (self.works, self.wake, self.runs, self.opened, self.refused, self.counts):
            found.clear()
        self.told = False

    def count(self, verdict: str, rule: str = "") -> None:
        """Count a decision."""
        self.counts[verdict, rule] = self.counts.get((verdict, rule), 0) + 1


def propose(table: RuleTable, alert: Alert) -> tuple[Proposal, ...]:
    """Return what the rule table wants done about an alert. Pure; a rule that we fail on is refused."""
    proposals = []
    for rule in table.matching(alert.labels):
        ready: dict[str, Parameters] = {}
        made: Plan | Refusal
        try:
            made = bind(rule, alert, registry.find, ready)
        except Exception as error:  # noqa: BLE001 -- a defect of ours in one rule must not keep all other alerts out
            said = f"defect in remediator: {type(error).__name__}: {redact(str(error), 500)}"
            made = Refusal("defect", said)
        proposals.append(Proposal(rule.name, made, _same(made) if isinstance(made, Plan) else "", ready))
    return tuple(proposals)


def propose_all(table: RuleTable, alerts: Sequence[Alert]) -> Mapping[str, tuple[Proposal, ...]]:
    """Return the proposals of firing alerts by fingerprint.

    None of them where a sender gave one to several: ``admit`` makes them, when it knows the alerts' own.
    """
    made = {alert.fingerprint: propose(table, alert) for alert in alerts}
    return made if len(made) == len(alerts) else {}


def _same(plan: Plan) -> str:
    text = orjson.dumps([plan.rule, plan.guide, plan.target, plan.params], option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.blake2b(text, digest_size=12).hexdigest()


def admit(  # noqa: C901 -- what an alert can mean, case by case
    tx: Tx, done: Admitted, notification: str, alerts: tuple[Alert, ...],
    proposals: Mapping[str, tuple[Proposal, ...]], site: Site, slots: Slots | None, now: int,
    calm: dict[str, int] | None = None,
) -> Admitted:  # fmt: skip
    """Write what a notification's alerts mean.

    ``proposals`` is by fingerprint; what is missing is made here. Without ``slots`` (others wait
    already) runs are only queued. ``done`` is filled, from its beginning if the unit is run again.
    ``calm`` is the cache of ``storms.count``: a unit that is run again only makes it look sooner.
    """
    done.calm = calm
    for run in done.runs:
        if slots is not None:
            slots.release(run)
    done.clear()
    for given in alerts:
        alert, last = _named(tx, given)
        episode = last if last is not None and last.closed_at is None else None
        if episode and episode.resolved_at is not None:
            ends = episode.resolved_at + _grace(tx, episode, alert, site, now)
            if ends <= now:
                inbox.close_episode(tx, episode.id, ends)
                episode = None
        if episode and alert.firing and now - episode.last_seen > FORGOTTEN and alert.starts_at > episode.last_seen:
            # Its "resolved" never came (none is sent for what is silenced just then); this is another trouble.
            inbox.close_episode(tx, episode.id, episode.last_seen)
            episode = None
        if not alert.firing:
            if episode is not None:
                done.wake += inbox.resolve_episode(tx, episode.id, now)
            done.count("resolved")
            continue
        done.opened.append(alert.fingerprint)
        again: list[str] = []
        made = proposals.get(alert.fingerprint)
        if episode is None:
            made = propose(site.table, alert) if made is None else made
            episode_id = new_id(now)
            inbox.start_episode(tx, episode_id, alert, notification, last.id if last else None, len(made), now)
        else:
            episode_id = episode.id
            again = inbox.rules_to_decide_anew(tx, episode_id)
            if episode.resolved_at is not None:
                inbox.fires_again(tx, episode_id)
            inbox.see_again(tx, episode_id, now)
            done.wake += inbox.open_runs_of(tx, episode_id)
            if episode.decided and not again:
                done.count("repeated")
                continue
            made = propose(site.table, alert) if made is None else made
            inbox.decided(tx, episode_id, len(made))
        _decide_all(tx, done, episode_id, made, again, site, slots, now)
    return done


def _named(tx: Tx, alert: Alert) -> tuple[Alert, inbox.LastEpisode | None]:
    """Return the alert under its own name, and its last episode.

    A sender may give one fingerprint to different labels. They are different troubles: the fingerprint is theirs
    who came first, the others get one of our own.
    """
    last = inbox.last_episode(tx, alert.fingerprint)
    if last is None or last.labels == encode(alert.labels) or orjson.loads(last.labels) == alert.labels:
        return alert, last
    alert = replace(alert, fingerprint=fingerprint_apart(alert.fingerprint, alert.labels))
    return alert, inbox.last_episode(tx, alert.fingerprint)


def _grace(tx: Tx, episode: inbox.LastEpisode, alert: Alert, site: Site, now: int) -> int:
    """Return how long after "resolved" an alert that fires again is the same trouble; longer where it flaps."""
    grace, flapping = int(site.grace * SECOND), site.limits.flapping
    if flapping is None:
        return grace
    if not episode.flapping:
        nth = inbox.nth_episode(tx, alert.fingerprint, flapping.max)
        if nth is None or now - nth >= int(flapping.per * SECOND):
            return grace
        inbox.flaps(tx, episode.id)
    return max(grace, int(flapping.quiet * SECOND))


def _decide_all(
    tx: Tx, done: Admitted, episode: str, proposals: tuple[Proposal, ...], again: list[str], site: Site,
    slots: Slots | None, now: int,
) -> None:  # fmt: skip
    """Decide on (episode, rule) for each rule that matched; at most one of them acts."""
    if not proposals:
        done.count("unmatched")
    acts = True
    for proposal in proposals:
        if again and proposal.rule not in again:
            acts = False
            continue
        if isinstance(proposal.made, Refusal):
            _refuse(tx, done, episode, proposal.rule, proposal.made, now)
        else:
            _decide(tx, done, episode, proposal, proposal.made, site, slots, now, acts=acts)
            acts = False


def _refuse(tx: Tx, done: Admitted, episode: str, rule: str, why: Refusal, now: int) -> None:
    done.refused.append((episode, rule, why.guard, why.said))
    inbox.decide(tx, episode, rule, "refused", now, guard=why.guard, reason=why.said)
    done.count("refused", rule)


def _decide(
    tx: Tx, done: Admitted, episode: str, proposal: Proposal, plan: Plan, site: Site, slots: Slots | None, now: int,
    *, acts: bool,
) -> None:  # fmt: skip
    """Start a run, join an equal one, or refuse."""
    rule = site.table.rule(plan.rule)
    oldest = rule.text.max_age if rule else 0.0
    if oldest and now - plan.starts_at > int(oldest * SECOND):
        age = show_duration((now - plan.starts_at) / SECOND)
        stale = Refusal("stale", f"it began {age} ago; max_age is {show_duration(oldest)}")
        _refuse(tx, done, episode, plan.rule, stale, now)
        return
    if other := inbox.run_to_join(tx, proposal.same, may_act=acts):
        inbox.decide(tx, episode, plan.rule, "joined", now, reason="an equal run is under way", run=other)
        done.count("joined", plan.rule)
        return
    mode, why = binding_mode(plan, site, may_act=acts, created_at=now)
    run = RunState(
        new_id(now), plan, Status.QUEUED, now, mode, why, asks=asks_of(plan, site), ready=proposal.ready,
        confirms=site.confirms, quiet=is_quiet(plan, site),
    )  # fmt: skip
    row = journal.RunRow()
    done.runs.append(run.id)
    _count_for_storms(tx, run, site, now, done.calm)
    # Without a place for its step it is not judged yet: that would have to be done again when there is one.
    if slots is not None and slots.any_free:
        work = move(tx, row, run, site, slots, now)
    else:
        work = Work(run, full="everything")
    journal.insert_run(tx, run, proposal.same, row, may_act=acts)
    verdict, guard, reason, until = _verdict(work, row.lowered)
    inbox.decide(tx, episode, plan.rule, verdict, now, guard=guard, reason=reason, until=until, run=run.id)
    done.count(verdict, plan.rule)
    done.works.append(work)


def _count_for_storms(tx: Tx, run: RunState, site: Site, now: int, calm: dict[str, int] | None) -> None:
    """Count the alert for the storms that its rule, and the site, can have."""
    limits = run.plan.limits
    if limits is not None and limits.storm is not None:
        storms.count(tx, storms.scope_of(run.plan.rule), limits.storm, run.id, now, calm, site.reporters)
    if site.limits.storm is not None:
        storms.count(tx, storms.EVERYTHING, site.limits.storm, run.id, now, calm, site.reporters)


def _verdict(work: Work, lowered: Lower | None) -> tuple[str, str, str, int | None]:
    """Return what the guards said of a run that was just made: verdict, guard, reason, until."""
    if work.held is not None:
        return "held", work.held.guard, work.held.said, work.held.until
    if work.refused is not None:
        return "refused", work.refused.guard, work.refused.said, None
    if lowered is not None:
        return "run", lowered.guard, f"lowered to {lowered.mode}: {lowered.said}", None
    return "run", "", "", None


def chunks(alerts: tuple[Alert, ...]) -> list[tuple[Alert, ...]]:
    """Split a notification's alerts into transactions' worth."""
    return [alerts[start : start + CHUNK] for start in range(0, len(alerts), CHUNK)]
