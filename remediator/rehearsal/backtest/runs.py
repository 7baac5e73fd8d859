"""The runs of a replay, as ``next_move`` and ``engine.claim`` move them.

A run takes ``takes`` microseconds from its claim to its change, plus the ``hold`` of its guide's verification;
then its locks are let go. One that asks waits for an approval that nobody gives.
"""

from __future__ import annotations

from collections.abc import Sequence

from remediator.core.durations import SECOND
from remediator.core.guards import Facts, Hold, Refuse, judge, judge_envelope, judge_storm
from remediator.core.guards.amounts import ORDER_AGAIN
from remediator.core.transitions import Mode
from remediator.engine.work import Site
from remediator.rehearsal.backtest.agenda import Agenda
from remediator.rehearsal.backtest.ledger import Ledger
from remediator.rehearsal.backtest.passing import ACTING, ASKING, HELD, LOOKING, Passing
from remediator.rehearsal.backtest.tally import Tally

NEXT = 2  #: runs that are looked at when one that was held on the same goes on


class Runs:
    """All runs of a replay, and the time that passes for them."""

    def __init__(self, site: Site, ledger: Ledger, tally: Tally, *, takes: int = 0) -> None:
        self._site, self._ledger, self._tally, self._takes = site, ledger, tally, takes
        self.now = 0
        self._agenda = Agenda()
        self._joinable: dict[tuple[str, bool], list[Passing]] = {}
        self._hold_max = int(site.hold_max * SECOND)

    def advance(self, at: int) -> None:
        """Let time pass until then, that instant included."""
        first = self._agenda.first
        if first is not None and first <= at:
            unchanged, add = self._ledger.unchanged, self._agenda.add
            for now, run in self._agenda.until(at):
                self.now = now
                if not run.open or (run.state == HELD and run.looked_at == now and not run.woken):
                    continue  # it stood there twice
                run.woken, run.looked_at = False, now
                if run.line is not None and not run.resolved and run.ends > now and (until := unchanged(run, now)):
                    run.due = min(run.ends, until)
                    add(run.due, (False, run.plan.priority, run.created_at, run.number, run))
                else:
                    self._look(run, now)
        self.now = max(self.now, at)

    def wake(self, runs: Sequence[Passing]) -> None:
        """Have these runs looked at in this instant."""
        for run in runs:
            if run.open and not run.woken:
                run.woken = True
                self._later(run, self.now)

    def joinable(self, same: tuple[str, bool]) -> Sequence[Passing]:
        """Return the open runs that do the same."""
        return self._joinable.get(same, ())

    def add(self, run: Passing) -> None:
        """Take up a new run, which others of the same may join."""
        self._joinable.setdefault(run.same, []).append(run)

    def _later(self, run: Passing, at: int) -> None:
        # What ends at an instant ends after all that is looked at then.
        self._agenda.add(at, (run.state == ACTING, run.plan.priority, run.created_at, run.number, run))

    def _look(self, run: Passing, now: int) -> None:
        """Look at a run: it is due, or something woke it."""
        if run.state == ACTING:
            if now >= run.due:
                self._done(run, now)
        elif run.state == HELD:
            if run.resolved or run.held_by != "order" or now >= run.ends or not self._still_in_line(run, now):
                self.move(run, now)
        elif run.resolved:
            self._end(run, "cancelled")
        elif now >= run.due:
            self._end(run, "observed" if run.state == LOOKING else "expired")

    def move(self, run: Passing, now: int) -> None:
        """Move a run that is new, held, or woken: it acts, is held, asks, looks or ends."""
        if run.resolved:
            self._end(run, "cancelled")
            return
        fires_until = min(run.starts_at, run.created_at) + int(run.plan.wait * SECOND)
        if now < fires_until:
            self._held(run, "for", "", fires_until, now)
        elif run.gate is Mode.AUTO:
            self._judge(run, now)
        else:
            # A storm holds those that would not act, too: people would hear of them one by one.
            storms = Facts(storms=self._ledger.storms.of(run))
            storm = judge_storm(run.plan, storms, self._site.envelope, now) if storms.storms else None
            if isinstance(storm, Hold):
                self._hold(run, storm.guard, storm.scope, storm.until, now)
            else:
                self._without_acting(run, run.gate, now)

    def _still_in_line(self, run: Passing, now: int) -> bool:
        """Whether only the line still holds a run; then nothing changes but when it is looked at again."""
        if not self._ledger.still_in_line(run, now):
            return False
        run.due = min(run.ends, now + ORDER_AGAIN)
        self._later(run, run.due)
        return True

    def _judge(self, run: Passing, now: int) -> None:
        spent = self._ledger.spent(run, now)
        if spent is not None:
            self._hold(run, *spent, now)
            return
        verdict = judge(run.plan, self._ledger.facts(run, now), self._site.envelope, now)
        if verdict is None:
            self._claim(run, now)
        elif isinstance(verdict, Hold):
            self._hold(run, verdict.guard, verdict.scope, verdict.until, now)
        elif isinstance(verdict, Refuse):
            self._refused(run, verdict)
        else:
            run.lowered = verdict.guard
            self._without_acting(run, verdict.mode, now)

    def _claim(self, run: Passing, now: int) -> None:
        if run.forbidden:
            self._refused(run, Refuse("policy", run.forbidden))
            return
        self._ledger.take(run, now)
        verify = run.plan.verify
        self._next_in_line(run)
        run.state, run.acted_at = ACTING, now + self._takes
        run.due = now + self._takes + (int(verify.hold * SECOND) if verify else 0)
        self._tally.acted(run, now)
        self._later(run, run.due)

    def _next_in_line(self, run: Passing) -> None:
        """A run is not held any more: those that waited longest for the same are looked at."""
        if run.held_scope:
            self.wake([other for other in self._ledger.waiting.held_on(run.held_scope, NEXT) if other is not run])
        run.held_by = run.held_scope = ""
        run.line = None

    def _done(self, run: Passing, now: int) -> None:
        self._ledger.changed(run, run.acted_at if run.acted_at is not None else now)
        woken = self._ledger.release(run)
        self._end(run, "acted")
        self.wake(woken)

    def _hold(self, run: Passing, guard: str, scope: str, until: int | None, now: int) -> None:
        if run.state != HELD or run.waiting_since is None:
            run.waiting_since, run.ends, run.state = now, now + self._hold_max, HELD
        if now >= run.ends:
            self._tally.given_up(run, guard)
            self._end(run, "escalated")
            return
        self._held(run, guard, scope, min(run.ends, until if until is not None else run.ends), now)

    def _held(self, run: Passing, guard: str, scope: str, due: int, now: int) -> None:
        if guard != run.held_by:
            run.guards.append(guard)
            self._tally.held(run, guard, first=len(run.guards) == 1)
        run.held_by, run.due = guard, due
        if scope != run.held_scope:
            run.held_scope = scope
            if scope:
                self._ledger.waiting.hold(run)
        self._later(run, max(due, now))

    def _without_acting(self, run: Passing, mode: Mode, now: int) -> None:
        """Observe, or ask and wait."""
        run.held_by = run.held_scope = ""
        run.line = None
        refused = Refuse("policy", run.forbidden) if run.forbidden else None
        if mode is Mode.ASK:  # nobody is asked for what is not allowed; nor told of what the policy forbids
            refused = judge_envelope(run.plan, Facts(), self._site.envelope, now) or refused
        if refused is not None:
            self._refused(run, refused)
            return
        if mode is Mode.ASK:
            run.state, run.due = ASKING, now + int(run.plan.approval_timeout * SECOND)
        else:
            run.state, run.due = LOOKING, now
        self._tally.lowered(run, mode)
        self._later(run, run.due)

    def _refused(self, run: Passing, refused: Refuse) -> None:
        self._tally.refused_run(run, refused.guard, refused.reason)
        self._end(run, "refused")

    def _end(self, run: Passing, how: str) -> None:
        self._next_in_line(run)
        run.state, run.open = how, False
        run.episodes = []  # nothing has to be looked for in circles
        joinable = self._joinable.get(run.same)
        if joinable is not None:
            if run in joinable:
                joinable.remove(run)
            if not joinable:
                del self._joinable[run.same]
        self._tally.ended(run, how)
