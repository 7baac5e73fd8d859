"""A state machine over the real units: whatever comes in whatever order, the guards' promises hold."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from fakes.small_site import SECOND, SmallSite, alert
from hypothesis import HealthCheck, settings
from hypothesis import Phase as Phase_
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from remediator.core.breaker import BreakerLimits
from remediator.core.guards import Envelope
from remediator.core.limits import Throttle
from remediator.core.records import Outcome, Phase
from remediator.core.transitions import FINAL, Mode, Status, legal
from remediator.engine.work import Work
from remediator.store import control
from remediator.store.facts import SiteLimits

SERVICES = st.sampled_from(["a", "b", "c"])
OVERALL = Throttle(4, 3600.0)


class Guards(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.small = SmallSite.of(
            Path(self._folder.name),
            limits=SiteLimits(overall=OVERALL, budget=Throttle(4, 3600.0)),
            backend_breaker=BreakerLimits(2, 60.0, 1),
            outcome_breaker=BreakerLimits(3, 60.0, 1),
        )
        self.flying: dict[str, Work] = {}
        self.changes: list[tuple[int, str]] = []  # when a change was begun, on what
        self.seen: dict[str, str] = {}
        self.paused = False

    def teardown(self) -> None:
        self._folder.cleanup()

    def _take(self, work: Work | None, *, before: set[str]) -> None:
        if work is None:
            return
        for task in work.tasks:
            if task.job.phase is Phase.ACT:
                assert not self.paused, "a change was begun while paused"
                assert self.small.site.envelope.targets, "a change was begun outside of the envelope"
                self.changes.append((self.small.now, work.run.plan.target))
        if work.tasks or work.poll:
            assert work.run.id not in before, "a run was begun twice"
            self.flying[work.run.id] = work
        for woken in work.wake:
            self._look(woken)

    def _look(self, run: str) -> None:
        if run not in self.flying:
            self._take(self.small.begin(run), before=set(self.flying))

    @rule(service=SERVICES, firing=st.booleans())
    def notified(self, service: str, firing: bool) -> None:
        done = self.small.admit(alert(service, firing=firing, starts_at=self.small.now))
        for work in done.works:
            self._take(work, before=set(self.flying))
        for run in done.wake:
            self._look(run)

    @rule(seconds=st.sampled_from([1, 30, 121, 301, 1801, 3601]))
    def time_passes(self, seconds: int) -> None:
        self.small.tick(seconds)
        for (run,) in self.small.tx.all(
            "SELECT id FROM run WHERE finished_at IS NULL AND due_at <= ? ORDER BY created_at", self.small.now
        ):
            self._look(run)

    @rule(outcome=st.sampled_from([Outcome.DONE, Outcome.DONE, Outcome.FAILED, Outcome.UNKNOWN]), transport=st.booleans())
    def a_step_comes_out(self, outcome: Outcome, transport: bool) -> None:
        if self.flying:
            work = self.flying.pop(next(iter(self.flying)))
            if not any(task.job.phase is Phase.ACT for task in work.tasks) and outcome is Outcome.UNKNOWN:
                outcome = Outcome.FAILED  # a read is never unknown
            self._take(self.small.came(work, outcome, transport=transport and outcome is not Outcome.DONE), before=set(self.flying))

    @rule()
    def the_process_dies(self) -> None:
        """What was in flight is found as intents after the restart."""
        for run in list(self.flying):
            self.small.slots.release(run)
        lost, self.flying = self.flying, {}
        for run in lost:
            work = self.small.begin(run)
            if work is not None and work.tasks:
                changes = [task for task in work.tasks if task.job.phase is Phase.ACT]
                assert all(task.recovered for task in changes), "a change that may have happened was begun anew"
                self.flying[run] = work

    @rule(scope=st.sampled_from(["global", "rule:restart"]))
    def paused_by_somebody(self, scope: str) -> None:
        control.pause(self.small.tx, scope, "me", "why not", None, self.small.now)
        self.paused = True

    @rule()
    def resumed(self) -> None:
        for scope in ("global", "rule:restart"):
            if self.small.tx.one("SELECT 1 FROM pause WHERE scope = ?", scope):
                woken = control.resume(self.small.tx, scope, "me", self.small.now)
                self.paused = self.small.tx.one("SELECT 1 FROM pause") is not None
                if not self.paused:
                    for run in woken:
                        self._look(run)

    @rule(allowed=st.booleans(), mode=st.sampled_from(list(Mode)))
    def settings_are_changed(self, allowed: bool, mode: Mode) -> None:
        self.small.site = replace(
            self.small.site, envelope=Envelope(("host/**",) if allowed else ()), max_mode=mode
        )

    @invariant()
    def no_two_runs_hold_one_target(self) -> None:
        acting = [work.run.plan.target for work in self.flying.values() if any(t.job.phase is Phase.ACT for t in work.tasks)]
        assert len(acting) == len(set(acting))

    @invariant()
    def no_window_has_more_than_its_limit(self) -> None:
        times = [at for at, _ in self.changes]
        for at in times:
            assert sum(at <= other < at + int(OVERALL.per * SECOND) for other in times) <= OVERALL.max

    @invariant()
    def cooldown_is_kept(self) -> None:
        last: dict[str, int] = {}
        for at, target in self.changes:
            assert target not in last or at - last[target] >= 300 * SECOND
            last[target] = at

    @invariant()
    def statuses_go_only_where_they_may(self) -> None:
        for run, status in self.small.tx.all("SELECT id, status FROM run"):
            before = self.seen.get(run, status)
            # Several moves may lie between two looks; from a final status there is none.
            assert legal(Status(before), Status(status)) or Status(before) not in FINAL
            self.seen[run] = status

    @invariant()
    def whoever_is_over_holds_nothing(self) -> None:
        for run, status in self.small.tx.all("SELECT l.run, r.status FROM lock l JOIN run r ON r.id = l.run"):
            assert status == Status.UNKNOWN or status not in FINAL, run

    @invariant()
    def nothing_open_is_forgotten(self) -> None:
        for run, due in self.small.tx.all("SELECT id, due_at FROM run WHERE finished_at IS NULL"):
            assert due is not None or run in self.flying


TestGuards = Guards.TestCase
TestGuards.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), database=None,
    phases=(Phase_.explicit, Phase_.reuse, Phase_.generate),  # what fails is short enough to be read
)
