"""Whole runs over the real units: what comes next after each outcome."""

import pytest
from fakes.small_site import SECOND, SmallSite, alert

from remediator.core.records import Outcome
from remediator.core.transitions import Mode
from remediator.core.verification import Sample

RULES = """
rules:
  - name: heal
    match: alertname = "Down"
    guide: heal
    with: {service: "{{ labels.service }}"}
    mode: %s
guides:
  heal:
    summary: it is down
    parameters: {service: {type: string}}
    target: host/{{ params.service }}
    diagnose:
      - id: health
        http.probe: {url: "http://127.0.0.1:9/health"}
    remedies:
      - name: first
        when: not steps.health.holds
        steps:
          - http.request: {url: "http://127.0.0.1:9/first", method: PUT}
      - name: second
        steps:
          - http.request: {url: "http://127.0.0.1:9/second", method: PUT}
    verify:
      within: 1m
      interval: 10s
      hold: 10s
      all:
        - http.probe: {url: "http://127.0.0.1:9/health"}
    escalate: sev-2
"""
UP = {"holds": True, "reason": "200", "status": 200}
DOWN = {"holds": False, "reason": "503", "status": 503}


@pytest.fixture
def small(tmp_path):
    return SmallSite.of(tmp_path, RULES % "auto")


def begin(small, **labels):
    (work,) = small.admit(alert("a", **labels)).works
    return work


def keys(work):
    return [task.job.key for task in work.tasks]


def polled(small, work, *, holds):
    return small.polled(work, Sample("health", holds=holds, reason="200" if holds else "503"))


def until_verified(small, work, *, holds):
    while work.poll or not (work.finish or work.tasks):
        if work.poll is None:
            small.now = work.due
            work = small.begin(work.run.id)
        work = polled(small, work, holds=holds)
    return work


def test_it_diagnoses_and_takes_the_baseline_before_it_acts(small):
    work = begin(small)
    assert keys(work) == ["0/diagnose/health", "0/baseline/check1"]
    assert keys(small.came(work, **DOWN)) == ["0/act/0"]


def test_what_has_recovered_is_left_alone(small):
    assert small.came(begin(small), **UP).finish.status == "recovered_itself"


def test_it_counts_only_when_the_verification_has_held(small):
    work = small.came(small.came(begin(small), **DOWN))
    work = polled(small, work, holds=True)
    assert work.finish is None, "it must hold for 10s"
    small.now = work.due
    assert polled(small, small.begin(work.run.id), holds=True).finish.status == "succeeded"


def test_a_remedy_that_does_not_help_is_followed_by_the_next_and_then_by_people(small):
    work = until_verified(small, small.came(small.came(begin(small), **DOWN)), holds=False)
    assert keys(work) == ["1/diagnose/health", "1/baseline/check1"], "both are repeated"
    work = small.came(work, **DOWN)
    assert (keys(work), work.tasks[0].job.remedy) == (["1/act/0"], "second")
    work = until_verified(small, small.came(work), holds=False)
    assert work.finish.status == "escalated"
    assert "did not help" in work.finish.reason


def test_a_failed_diagnosis_is_unknown_and_calls_people(small):
    work = small.came(begin(small), Outcome.FAILED)
    assert work.finish.status == "escalated"
    assert "no diagnosis could be made" in work.finish.reason


def test_a_step_that_nobody_can_tell_of_ends_unknown_and_keeps_its_lock(small):
    work = small.came(small.came(begin(small), **DOWN), Outcome.UNKNOWN)
    assert work.finish.status == "unknown"
    assert small.tx.all("SELECT scope FROM lock") == [("host/a",)]


def test_a_resolved_alert_cancels_what_has_not_acted(small):
    work = begin(small)
    small.admit(alert("a", firing=False))
    assert small.came(work, **DOWN).finish.status == "cancelled"


def test_a_resolved_alert_does_not_stop_a_remedy_half_way(small):
    work = small.came(begin(small), **DOWN)
    small.admit(alert("a", firing=False))
    assert small.came(work).poll is not None


def test_an_alert_that_fires_again_within_its_grace_gets_a_run_again(small):
    work = begin(small)
    small.admit(alert("a", firing=False))
    small.came(work, **DOWN)
    small.tick(60)
    (again,) = small.admit(alert("a")).works
    assert again.run.id != work.run.id
    assert len(small.tx.all("SELECT id FROM episode")) == 1


def test_observing_previews_and_changes_nothing(tmp_path):
    small = SmallSite.of(tmp_path, RULES % "observe")
    work = small.came(begin(small), **DOWN)
    assert keys(work) == ["0/preview/0"]
    done = small.came(work)
    assert (done.finish.status, done.finish.reason) == ("observed", 'would do "first"; its mode is observe')


def test_time_that_is_up_calls_people(small):
    work = small.came(begin(small), **DOWN)
    small.now += 3601 * SECOND
    done = small.came(work, Outcome.FAILED)
    assert done.finish.status == "escalated"


def test_a_rule_that_is_tightened_stops_the_next_change(small):
    work = small.came(begin(small), **DOWN)
    work = until_verified(small, small.came(work), holds=False)
    small.site = type(small.site)(**{f: getattr(small.site, f) for f in small.site.__slots__} | {"max_mode": Mode.OBSERVE})
    done = small.came(work, **DOWN)
    assert not any(task.job.key == "1/act/0" for task in done.tasks)
