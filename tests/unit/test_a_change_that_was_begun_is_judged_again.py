"""A change whose process died, or that is tried again, is held against the site's whole policy as it is by now."""

import pytest
from fakes.small_site import SmallSite, alert
from msgspec.structs import replace

from remediator.core.policy import ApprovalNeed, ApprovalRule, Policy
from remediator.engine.forward import refresh
from remediator.engine.steps import why_not_again
from remediator.store import control, journal

RULES = """
rules:
  - {name: r, match: 'alertname = "Down"', guide: g, mode: auto}
guides:
  g:
    summary: s
    target: redis/default
    remedies:
      - name: tidy
        steps:
          - redis.delete_keys: {keys: [a, b, c]}
          - redis.delete_keys: {keys: [d]}
"""


@pytest.fixture
def site(tmp_path):
    small = SmallSite.of(tmp_path, RULES)
    small.site = replace(small.site, envelope=replace(small.site.envelope, targets=("redis/**",)))
    return small


def begun(site):
    """Return a run whose change is journalled and under way."""
    (work,) = site.admit(alert("a")).works
    assert work.tasks[0].intent is not None
    return work


def tightened(site, **policy):
    site.site = replace(site.site, envelope=replace(site.site.envelope, policy=Policy(**policy)))


POLICIES = [
    ({"bounds": {"keys": 2}}, "policy.bounds allows 2"),
    ({"actions": ("http.*",)}, "is not among the actions"),
    ({"approvals": (ApprovalRule(("redis.*",), ("**",), ApprovalNeed(2)),)}, "mode is now ask"),
]


@pytest.mark.parametrize(("policy", "why"), POLICIES)
def test_after_a_crash_it_is_only_asked_whether_it_happened(site, policy, why):
    work = begun(site)
    site.slots.release(work.run.id)
    (task,) = site.begin(work.run.id).tasks
    assert (task.recovered, task.only_ask) == (True, False)
    tightened(site, **policy)
    (task,) = site.begin(work.run.id).tasks
    assert (task.recovered, task.only_ask) == (True, True)


@pytest.mark.parametrize(("policy", "why"), POLICIES)
def test_it_is_not_tried_again(site, policy, why):
    work = begun(site)

    def again():
        run = refresh(work.run, site.site, journal.control(site.tx, work.run.id))
        return why_not_again(site.tx, run, site.site, work.tasks[0], site.now)

    assert again() == ""
    tightened(site, **policy)
    assert why in again()


def test_one_yes_is_not_enough_where_two_are_wanted_by_now(site):
    tightened(site, approvals=(ApprovalRule(("redis.*",), ("**",), ApprovalNeed(1)),))
    (work,) = site.admit(alert("a")).works
    site.came(work)
    control.approve(site.tx, work.run.id, "ann", "yes", "", site.now)
    work = site.came(site.begin(work.run.id))
    assert work.tasks[0].job.key == "0/act/0"
    tightened(site, approvals=(ApprovalRule(("redis.*",), ("**",), ApprovalNeed(2)),))
    work = site.came(work, deleted=3)
    assert (work.tasks, str(work.finish.status)) == ((), "escalated")
    assert "who must approve it is no longer who was asked" in work.finish.reason
