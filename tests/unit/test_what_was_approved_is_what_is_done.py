import pytest
from fakes.small_site import RULES, SmallSite, alert
from msgspec.structs import replace

from remediator.core.policy import ApprovalNeed, ApprovalRule, Policy
from remediator.errors import ConflictError
from remediator.store import control

LOOK = """    diagnose:
      - id: page
        http.probe: {url: "http://127.0.0.1:9/page", json: {path: $.size}}
"""
STOP = "    limits: {repeats: {max: 1, per: 7d, then: stop}}\n"
OTHER = """      - name: restart the other
        when: steps.page.value == 2
        steps:
          - http.request: {url: "http://127.0.0.1:9/other", method: POST}
"""
TEXT = RULES.replace("    limits: {cooldown: 5m}\n", STOP).replace("    remedies:\n", LOOK + "    remedies:\n" + OTHER)


def asked_by_a_guard(site):
    """Return a run of an auto rule that a guard has made ask."""
    site.tx.run("INSERT INTO remedied (target, rule, at, run) VALUES ('host/a', 'restart when slow', ?, 'x')", site.now)
    (work,) = site.admit(alert("a", name="Slow", starts_at=site.now)).works
    work = site.came(work, value=1, holds=True, status=200)
    site.came(work)
    assert site.status(work.run.id) == "awaiting_approval"
    return work.run.id


def approve(site, run, who="ann"):
    return control.approve(site.tx, run, who, "it is right", "", site.now)


def test_what_a_guard_had_asked_about_is_asked_again_when_it_becomes_something_else(tmp_path):
    site = SmallSite.of(tmp_path, TEXT)
    run = asked_by_a_guard(site)
    approve(site, run)
    work = site.came(site.begin(run), value=2, holds=True, status=200)
    assert [task.job.phase for task in work.tasks] == ["preview"]
    site.came(work)
    assert site.status(run) == "awaiting_approval"
    approve(site, run)
    work = site.came(site.came(site.begin(run), value=2, holds=True, status=200))
    assert [(task.job.phase, task.job.remedy) for task in work.tasks] == [("act", "restart the other")]


def test_what_a_guard_had_asked_about_is_done_when_it_is_the_same(tmp_path):
    site = SmallSite.of(tmp_path, TEXT)
    run = asked_by_a_guard(site)
    approve(site, run)
    work = site.came(site.came(site.begin(run), value=1, holds=True, status=200))
    assert [(task.job.phase, task.job.remedy) for task in work.tasks] == [("act", "restart it")]


def need(site, persons, *by):
    rule = ApprovalRule(("http.*",), ("host/**",), ApprovalNeed(persons, frozenset(by)))
    site.site = replace(site.site, envelope=replace(site.site.envelope, policy=Policy(approvals=(rule,))))


def asked(site):
    (work,) = site.admit(alert("a", name="Slow")).works
    site.came(work)
    assert site.status(work.run.id) == "awaiting_approval"
    return work.run.id


def test_one_person_is_not_enough_where_the_policy_has_come_to_want_two(tmp_path):
    site = SmallSite.of(tmp_path)
    need(site, 1)
    run = asked(site)
    need(site, 2)
    approve(site, run)
    site.came(site.begin(run))
    assert site.status(run) == "awaiting_approval"
    approve(site, run)
    assert site.status(run) == "awaiting_approval"
    approve(site, run, "bob")
    assert site.came(site.begin(run)).tasks[0].job.phase == "act"


def test_who_may_no_longer_approve_does_not_count(tmp_path):
    site = SmallSite.of(tmp_path)
    need(site, 2, "ann", "bob", "eve")
    run = asked(site)
    approve(site, run, "ann")
    need(site, 2, "bob", "eve")
    site.begin(run)
    approve(site, run, "bob")
    assert site.status(run) == "awaiting_approval"
    with pytest.raises(ConflictError):
        approve(site, run, "ann")
    approve(site, run, "eve")
    assert site.status(run) == "queued"
