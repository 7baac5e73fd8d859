import pytest
from fakes.small_site import SmallSite, alert
from msgspec.structs import replace
from pydantic import ValidationError

from remediator.core.policy import ApprovalNeed, ApprovalRule, Policy, approval_needed, exceeds
from remediator.errors import ConflictError
from remediator.settings import PolicySettings
from remediator.store import control


def site_of(tmp_path, **policy):
    site = SmallSite.of(tmp_path)
    site.site = replace(site.site, envelope=replace(site.site.envelope, policy=Policy(**policy)))
    return site


def needing(persons=1, *by):
    return (ApprovalRule(("http.*",), ("host/**",), ApprovalNeed(persons, frozenset(by))),)


def waiting(site):
    """Return the id of a run that waits for its approval."""
    (work,) = site.admit(alert("a")).works
    site.came(work)
    assert site.status(work.run.id) == "awaiting_approval"
    return work.run.id


def approve(site, run, who):
    return control.approve(site.tx, run, who, "it is right", "", site.now)


def test_an_action_that_is_not_allowed_is_not_done(tmp_path):
    site = site_of(tmp_path, actions=("kubernetes.*",))
    (work,) = site.admit(alert("a")).works
    assert not work.tasks
    (status, reason) = site.tx.one("SELECT status, reason FROM run WHERE id = ?", work.run.id)
    assert (status, "http.request is not among the actions" in reason) == ("escalated", True)


def test_people_are_asked_whatever_the_rule_says(tmp_path):
    site = site_of(tmp_path, approvals=needing())
    run = waiting(site)
    approve(site, run, "ann")
    work = site.came(site.begin(run))  # it looks again
    assert work.tasks[0].job.phase == "act"


def test_two_persons_are_two_persons(tmp_path):
    site = site_of(tmp_path, approvals=needing(2, "ann", "bob", "eve"))
    run = waiting(site)
    approve(site, run, "ann")
    approve(site, run, "ann")
    assert site.status(run) == "awaiting_approval"
    with pytest.raises(ConflictError, match="mallory may not approve"):
        approve(site, run, "mallory")
    approve(site, run, "bob")
    assert site.status(run) == "queued"
    assert site.came(site.begin(run)).tasks[0].job.phase == "act"


def test_a_policy_that_is_tightened_binds_what_was_already_let_through(tmp_path):
    site = SmallSite.of(tmp_path)
    (work,) = site.admit(alert("a", name="Slow")).works
    assert work.tasks[0].job.phase == "act"
    second = SmallSite.of(tmp_path)
    (queued,) = second.admit(alert("a", name="Slow")).works
    second.site = replace(second.site, envelope=replace(second.site.envelope, policy=Policy(approvals=needing())))
    second.slots.release(queued.run.id)
    second.tx.run("DELETE FROM step")
    stopped = second.begin(queued.run.id)
    assert [task.job.phase for task in stopped.tasks] != ["act"]


@pytest.mark.parametrize(
    ("amounts", "over"),
    [({"replicas": 20}, False), ({"replicas": 21}, True), ({"replicas": float("nan")}, True), ({"rows": 1e9}, False)],
)
def test_a_bound_is_the_most(amounts, over):
    assert bool(exceeds(Policy(bounds={"replicas": 20.0}), "kubernetes.scale", amounts)) is over


def test_where_two_of_its_rules_speak_both_bind():
    policy = Policy(approvals=(
        ApprovalRule(("postgres.*",), need=ApprovalNeed(1, frozenset({"ann", "bob", "eve"}))),
        ApprovalRule(("*.delete_batch",), need=ApprovalNeed(2, frozenset({"bob", "eve", "dan"}))),
    ))  # fmt: skip
    assert approval_needed(policy, ["postgres.delete_batch"], ["postgres/a"]) == ApprovalNeed(2, frozenset({"bob", "eve"}))
    assert approval_needed(policy, ["redis.flush"], ["redis/a"]) is None


def test_an_approval_that_nobody_can_give_stops_the_start():
    with pytest.raises(ValidationError, match=r"3 persons must approve redis[.]flush, but only 2 may: ann, bob"):
        PolicySettings.model_validate(
            {"groups": {"dba": ["ann", "bob"]}, "approvals": [{"actions": ["redis.flush"], "persons": 3, "by": ["dba"]}]}
        )


def test_an_amount_that_nobody_tells_is_no_bound():
    with pytest.raises(ValidationError, match="there is no amount replica; there are replicas"):
        PolicySettings.model_validate({"bounds": {"replica": 3}})
