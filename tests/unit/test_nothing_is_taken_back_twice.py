import pytest
from msgspec.structs import replace
from test_a_run_is_taken_back import done, make

from remediator.core.limits import RuleLimits, Share
from remediator.core.records import Outcome
from remediator.errors import ConflictError
from remediator.store import journal


def carried(site, run, *outcomes):
    work = site.begin(run)
    done_so = []
    for outcome in (*outcomes, *[Outcome.DONE] * 20):
        if not work.tasks:
            return done_so
        done_so.append(work.tasks[0].intent.parameters.replicas)
        work = site.came(work, outcome)
    raise AssertionError


def test_not_when_a_person_asks_twice_for_what_would_have_gone_back_by_itself(tmp_path):
    site, over = done(tmp_path, lasts="30m")
    site.begin(over.made[0].run)
    run = make(site, over.run.id)
    with pytest.raises(ConflictError, match="is taken back by run"):
        make(site, over.run.id)
    carried(site, run)
    with pytest.raises(ConflictError):
        make(site, over.run.id)


def test_what_failed_is_tried_again_without_what_did_not(tmp_path):
    site, over = done(tmp_path)
    first = make(site, over.run.id)
    assert carried(site, first, Outcome.DONE, Outcome.FAILED) == [8, 4]
    assert site.status(first) == "escalated"
    assert carried(site, make(site, over.run.id)) == [4]


def test_steps_are_taken_back_in_the_opposite_order_however_many(tmp_path):
    site, over = done(tmp_path)
    (kept,) = [e for e in over.run.journal.values() if e.key == "0/act/2"]
    made = make(site, over.run.id)
    plan = over.run.plan
    (remedy,) = plan.remedies
    remedy = replace(remedy, steps=remedy.steps + (remedy.steps[2],) * 9)
    text = journal.encode(replace(plan, remedies=(remedy,), undoes=over.run.id, wait=0.0))
    site.tx.run("UPDATE run SET plan = ? WHERE id = ?", text, made)
    for n in range(3, 12):
        entry = replace(kept, key=f"0/act/{n}", args={**kept.args, "replicas": n * 10})
        journal.write_step(site.tx, made, entry)
    assert carried(site, made) == [*(n * 10 for n in range(11, 2, -1)), 8, 4]


def test_a_rule_with_a_share_can_be_taken_back(tmp_path):
    site, over = done(tmp_path)
    plan = replace(over.run.plan, limits=RuleLimits(share=Share(25, "steps.fleet.value", 3600.0)))
    site.tx.run("UPDATE run SET plan = ? WHERE id = ?", journal.encode(plan), over.run.id)
    assert carried(site, make(site, over.run.id)) == [8, 4]
