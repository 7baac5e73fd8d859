"""A state machine over the real units: whatever comes in whatever order, the guards' promises hold."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from fakes.guarded_site import EVERYWHERE, NAMES, PERSONS, SCOPES, SERVICES, GuardedSite, overlap
from hypothesis import HealthCheck, settings
from hypothesis import Phase as Phase_
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace

from remediator.core.guards import Envelope
from remediator.core.policy import Policy
from remediator.core.records import Outcome
from remediator.core.transitions import FINAL, Mode, Status, legal
from remediator.engine.clock import new_id, seed_ids
from remediator.errors import ConflictError
from remediator.store import undo

ANY = st.integers(0, 20)
SERVICES_ = sorted(SERVICES)
SECONDS = [1, 30, 61, 121, 301, 660, 1801, 3601]
OUTCOMES = [Outcome.DONE] * 3 + [Outcome.FAILED, Outcome.UNKNOWN]
WORLD = ["fires"] * 6 + ["resolves"] + ["all resolves"] * 2 + ["all of them fire"] * 2 + ["time passes"] * 4 + ["a step comes out"] * 5 + ["all goes well for a while"] * 3 + ["the process dies"]
PEOPLE = ["pauses", "pauses", "resumes", "resumes", "says yes", "says yes", "says yes", "settles", "takes back", "ends what holds", "changes settings", "puts settings back", "puts settings back"]


class Guards(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        seed_ids(1)  # Hypothesis repeats what it has found
        self._folder = tempfile.TemporaryDirectory()
        self.site = GuardedSite(Path(self._folder.name))
        self.small, self.tx = self.site.small, self.site.small.tx
        self.seen: dict[str, str] = {}
        self.breakers: dict[str, tuple[str, int | None]] = {}

    def teardown(self) -> None:
        self._folder.cleanup()
        seed_ids(None)

    # Two rules and not one for each of these: Hypothesis leaves out some rules of most examples, and without alerts,
    # or without steps that come out, nothing happens.

    @rule(what=st.sampled_from(WORLD), name=st.sampled_from(NAMES), service=st.sampled_from(SERVICES_), seconds=st.sampled_from(SECONDS),
          number=ANY, outcome=st.sampled_from(OUTCOMES), transport=st.booleans(), holds=st.booleans())  # fmt: skip
    def the_world_goes_on(  # noqa: C901 -- what can happen, case by case
        self, what: str, name: str, service: str, seconds: int, number: int, outcome: Outcome, transport: bool, holds: bool
    ) -> None:  # fmt: skip
        match what:
            case "fires" | "resolves":
                self.site.notify(name, service, firing=what == "fires")
            case "all of them fire":
                for each in SERVICES_:
                    self.site.notify(name, each, firing=True)
            case "all resolves":
                for each in sorted(self.site.firing):
                    self.site.notify(*each, firing=False)
                self.site.pass_time(121)
            case "time passes":
                self.site.pass_time(seconds)
            case "a step comes out":
                self.site.come_out(number, outcome, transport=transport, holds=holds)
            case "all goes well for a while":
                for _ in range(5):
                    self.site.come_out(number, Outcome.DONE, transport=False, holds=holds)
            case "the process dies":
                self.site.die()

    @rule(what=st.sampled_from(PEOPLE), scope=st.sampled_from(SCOPES), seconds=st.sampled_from([None, 60, 3600]), who=st.sampled_from(PERSONS),
          number=ANY, happened=st.booleans(), mode=st.sampled_from([Mode.AUTO, Mode.AUTO, Mode.ASK, Mode.OBSERVE]))  # fmt: skip
    def somebody_does_something(
        self, what: str, scope: str, seconds: int | None, who: str, number: int, happened: bool, mode: Mode
    ) -> None:  # fmt: skip
        match what:
            case "pauses":
                self.site.pause(scope, seconds)
            case "resumes":
                for each in SCOPES:
                    self.site.resume(each)
            case "says yes":
                self.site.say_yes(who, number)
                self.site.say_yes(PERSONS[happened], number)
            case "settles":
                self._settle(number, happened=happened)
            case "takes back":
                self._take_back(number)
            case "ends what holds":
                self._end_what_holds()
            case "changes settings":
                envelope = Envelope((), policy=Policy()) if mode is Mode.OBSERVE and happened else EVERYWHERE
                self.small.site = replace(self.small.site, envelope=envelope, max_mode=mode)
            case "puts settings back":
                self.small.site = replace(self.small.site, envelope=EVERYWHERE, max_mode=Mode.AUTO)

    def _settle(self, number: int, *, happened: bool) -> None:
        unknown = [run for (run,) in self.tx.all("SELECT id FROM run WHERE status = 'unknown' ORDER BY id")]
        if unknown:
            run = unknown[number % len(unknown)]
            self.seen.pop(run, None)
            self.site.settle(run, happened=happened)

    def _take_back(self, number: int) -> None:
        over = [run for (run,) in self.tx.all("SELECT id FROM run WHERE finished_at IS NOT NULL ORDER BY rule = 'grow', id")]
        if over:
            try:
                made = undo.asked_for(self.tx, over[-1 - number % len(over)], "ann", "wrong", self.small.now, new_id)
            except ConflictError:
                return
            self.site.look(*(one.run for one in made))

    def _end_what_holds(self) -> None:
        for scope in ("everything", "rule tidy"):
            self.site.end_storm(scope)
        self.breakers.clear()
        self.site.reset_breakers()

    @invariant()
    def no_two_runs_hold_overlapping_targets(self) -> None:
        locks = self.tx.all("SELECT scope, run FROM lock ORDER BY scope")
        assert not [
            (one, other) for number, (one, mine) in enumerate(locks) for other, theirs in locks[number + 1 :]
            if mine != theirs and overlap(one, other)
        ]  # fmt: skip

    @invariant()
    def no_window_has_more_than_its_limit(self) -> None:
        assert self.site.exceeded() == []

    @invariant()
    def reservations_have_no_gaps(self) -> None:
        assert not self.tx.all("SELECT scope FROM spent GROUP BY scope HAVING max(n) <> count(*) OR min(n) <> 1")

    @invariant()
    def who_changed_nothing_and_is_over_has_reserved_nothing(self) -> None:
        for table in ("spent", "touched"):
            kept = self.tx.all(
                f"SELECT DISTINCT t.run FROM {table} t JOIN run r ON r.id = t.run WHERE r.finished_at IS NOT NULL"
                " AND NOT EXISTS (SELECT 1 FROM step s WHERE s.run = t.run AND s.phase = 'act' AND s.attempt > 0)"
            )
            assert kept == [], table

    @invariant()
    def breakers_go_only_where_they_may(self) -> None:
        now = self.small.now
        for key, state, until in self.tx.all("SELECT key, state, until FROM breaker"):
            was, opened = self.breakers.get(key, ("closed", None))
            if was == "open" and opened is not None and opened > now:
                assert state == "open", "it closed before its time"
            assert (was, state) != ("closed", "half_open"), "it was never open"
            self.breakers[key] = (state, until)
        self.site.account.check()

    @invariant()
    def statuses_go_only_where_they_may(self) -> None:
        for run, status in self.tx.all("SELECT id, status FROM run"):
            before = self.seen.get(run, status)
            # Several moves may lie between two looks; from a final status there is none.
            assert legal(Status(before), Status(status)) or Status(before) not in FINAL
            self.seen[run] = status

    @invariant()
    def whoever_is_over_holds_nothing(self) -> None:
        for table in ("lock", "trial"):
            for run, status in self.tx.all(f"SELECT l.run, r.status FROM {table} l JOIN run r ON r.id = l.run"):
                assert (status == Status.UNKNOWN and table == "lock") or status not in FINAL, run

    @invariant()
    def nothing_open_is_forgotten(self) -> None:
        for run, due in self.tx.all("SELECT id, due_at FROM run WHERE finished_at IS NULL"):
            assert due is not None or run in self.site.flying

    @invariant()
    def what_lasts_for_a_while_goes_back(self) -> None:
        """Each change of a remedy that has an end is in the journal of a run that takes it back."""
        left = self.tx.all(
            "SELECT s.run FROM step s JOIN run r ON r.id = s.run WHERE r.rule = 'grow' AND r.undoes = ''"
            " AND r.finished_at IS NOT NULL AND r.status NOT IN ('unknown', 'succeeded') AND s.phase = 'act'"
            " AND s.outcome = 'done' AND NOT EXISTS (SELECT 1 FROM run u WHERE u.undoes = r.id)"
        )
        assert left == []


QUICK = settings(
    max_examples=15, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck), database=None,
    phases=(Phase_.explicit, Phase_.reuse, Phase_.generate),  # what fails is short enough to be read
)


class TestGuards(Guards.TestCase):
    settings = QUICK


@pytest.mark.chaos
@pytest.mark.timeout(1800)
class TestGuardsForLong(Guards.TestCase):
    settings = settings(QUICK, max_examples=300, stateful_step_count=100)
