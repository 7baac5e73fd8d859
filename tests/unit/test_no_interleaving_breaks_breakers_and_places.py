"""A state machine of few rules that are often at a breaker, on trial, or at a limit with a place of their own in it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from fakes.guarded_site import GuardedSite
from hypothesis import HealthCheck, settings
from hypothesis import Phase as Phase_
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from remediator.core.breaker import BreakerLimits
from remediator.core.limits import Throttle
from remediator.core.records import Outcome
from remediator.core.scopes import SiteLimits
from remediator.engine.clock import seed_ids

RULES = """
rules:
  - {name: poke, match: 'alertname = "Down"', guide: poke, with: {service: "{{ labels.service }}"}, mode: auto}
  - {name: prod, match: 'alertname = "Odd"', guide: poke, with: {service: "{{ labels.service }}"}, mode: auto}
  - name: mend
    match: alertname = "Slow"
    guide: mend
    with: {service: "{{ labels.service }}"}
    mode: auto
    limits: {throttle: {max: 2, per: 1h}, budget: {max: 2, per: 1h}}
guides:
  poke:
    summary: it is down
    parameters: {service: {type: string}}
    target: host/{{ params.service }}/one
    remedies:
      - name: poke it
        steps:
          - http.request: {url: "http://127.0.0.1:9/poke/{{ params.service }}", method: POST}
          - http.request: {url: "http://127.0.0.1:9/again/{{ params.service }}", method: PUT}
  mend:
    summary: it is slow
    parameters: {service: {type: string}}
    target: host/{{ params.service }}/two
    timeout: 10h
    remedies:
      - name: first
        steps:
          - http.request: {url: "http://127.0.0.1:8/first/{{ params.service }}", method: POST}
      - name: second
        steps:
          - http.request: {url: "http://127.0.0.1:8/second/{{ params.service }}", method: POST}
    verify:
      within: 1s
      all:
        - http.probe: {url: "http://127.0.0.1:7/health"}
"""
EVENTS = ["all of them fire"] * 4 + ["all of them fire anew"] * 4 + ["a step comes out"] * 5 + ["nobody answers"] * 3 + ["nobody was asked"] * 2 + ["it does not help"] * 3 + ["time passes"] * 4 + ["one is paused"] * 2 + ["they go on", "the process dies", "breakers are reset"]
SERVICES = "abcde"


def site_of(folder: Path, failures: int = 1000) -> GuardedSite:
    """``failures`` of runs in a row make a rule only observe; where these are few, its backend is seldom asked."""
    limits, outcome = SiteLimits(per_target=Throttle(2, 3600.0)), BreakerLimits(failures, 60.0, 1)
    return GuardedSite(folder, RULES, limits, lambda _: "one", outcome_breaker=outcome)


class Breakers(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        seed_ids(1)  # Hypothesis repeats what it has found
        self._folder = tempfile.TemporaryDirectory()

    @initialize(failures=st.sampled_from([2, 1000]))
    def begin(self, failures: int) -> None:
        self.site = site_of(Path(self._folder.name), failures)

    def teardown(self) -> None:
        self._folder.cleanup()
        seed_ids(None)

    @rule(what=st.sampled_from(EVENTS), name=st.sampled_from(["Down", "Odd", "Slow"]),
          seconds=st.sampled_from([1, 61, 61, 3601]), number=st.integers(0, 20),
          outcome=st.sampled_from([Outcome.DONE, Outcome.DONE, Outcome.FAILED, Outcome.UNKNOWN]), holds=st.booleans())  # fmt: skip
    def the_world_goes_on(  # noqa: C901, PLR0912 -- what can happen, case by case
        self, what: str, name: str, seconds: int, number: int, outcome: Outcome, *, holds: bool
    ) -> None:
        match what:
            case "all of them fire" | "all of them fire anew":
                if what == "all of them fire anew":
                    for each in sorted(self.site.firing):
                        self.site.notify(*each, firing=False)
                    self.site.pass_time(121)
                for service in SERVICES:
                    self.site.notify(name, service, firing=True)
            case "a step comes out":
                self.site.come_out(number, outcome, transport=False, holds=holds)
            case "nobody was asked":
                self.site.come_out(number, Outcome.FAILED, transport=None, holds=False)
            case "nobody answers":
                for _ in range(2):
                    self.site.come_out(number, Outcome.FAILED, transport=True, holds=False)
            case "it does not help":
                for _ in range(4):
                    self.site.come_out(0, Outcome.DONE, transport=False, holds=False)
                    self.site.small.tick(1)
            case "time passes":
                self.site.pass_time(seconds)
            case "one is paused":
                self.site.pause_one(number)
            case "they go on":
                self.site.resume_ones()
            case "the process dies":
                self.site.die()
            case "breakers are reset":
                self.site.reset_breakers()

    @invariant()
    def rows_say_what_was_seen(self) -> None:
        self.site.account.check()

    @invariant()
    def who_has_tried_nothing_and_holds_no_claim_has_no_place(self) -> None:
        for table in ("spent", "touched"):
            assert not self.site.small.tx.all(
                f"SELECT DISTINCT t.run FROM {table} t JOIN run r ON r.id = t.run"
                " WHERE (r.finished_at IS NOT NULL OR r.claimed < 0)"
                " AND NOT EXISTS (SELECT 1 FROM step s WHERE s.run = t.run AND s.phase = 'act' AND s.attempt > 0)"
            )

    @invariant()
    def no_window_has_more_than_its_limit(self) -> None:
        assert self.site.exceeded() == []


QUICK = settings(
    max_examples=12, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck), database=None,
    phases=(Phase_.explicit, Phase_.reuse, Phase_.generate),  # what fails is short enough to be read
)  # fmt: skip


class TestBreakers(Breakers.TestCase):
    settings = QUICK


@pytest.mark.chaos
@pytest.mark.timeout(1800)
class TestBreakersForLong(Breakers.TestCase):
    settings = settings(QUICK, max_examples=200, stateful_step_count=80)


# What a few examples seldom come upon, step by step; the account says what is wrong.


def on_trial(folder, name):
    """Return a site where all of these have asked a backend that was half-open then: two are on trial."""
    site = site_of(folder)
    for service in SERVICES:
        site.notify(name, service, firing=True)
    while any(task.job.phase != "act" for work in site.flying.values() for task in work.tasks):
        site.come_out(0, Outcome.DONE, transport=False, holds=False)
    for _ in range(len(site.flying)):
        site.come_out(0, Outcome.FAILED, transport=True, holds=False)
    for service in SERVICES:
        site.notify(name, service, firing=False)
    site.pass_time(3601)
    for service in SERVICES:
        site.notify(name, service, firing=True)
    return site


def test_a_trial_that_stops_before_its_change_gives_its_place_back(tmp_path):
    site = on_trial(tmp_path, "Slow")
    assert site.account.breakers["backend:http/127.0.0.1:8"].trying
    while site.flying:  # the baseline
        site.pause_one(0)
        site.come_out(0, Outcome.DONE, transport=False, holds=False)
        site.account.check()
    assert not site.account.breakers["backend:http/127.0.0.1:8"].trying


def test_one_trial_that_fails_opens_it_again_whatever_the_others_did(tmp_path):
    site = on_trial(tmp_path, "Down")
    seen = site.account.breakers["backend:http/127.0.0.1:9"]
    assert len(seen.trying) == 2
    site.come_out(0, Outcome.DONE, transport=False, holds=False)
    site.come_out(1, Outcome.FAILED, transport=True, holds=False)
    site.account.check()
    assert seen.open(site.small.now)
