import pytest
from fakes.small_site import SmallSite, alert
from msgspec.structs import replace

from remediator.core.action import Intent
from remediator.core.records import Outcome
from remediator.engine.clock import new_id
from remediator.engine.conclude import intend
from remediator.errors import ConflictError
from remediator.store import control, journal, undo

TEXT = """
rules:
  - {name: scale, match: 'alertname = "Slow"', guide: scale, mode: auto}
guides:
  scale:
    summary: too few
    target: kubernetes/default/shop/deployment/cart
    remedies:
      - name: scale out
        FOR
        steps:
          - kubernetes.rollout_status: {kind: deployment, namespace: shop, name: cart}
          - kubernetes.scale: {kind: deployment, namespace: shop, name: cart, replicas: 4}
          - kubernetes.scale: {kind: deployment, namespace: shop, name: cart, replicas: 8}
"""


STAGES = (("- kubernetes.rollout_status", "- id: look\n            stage: half size\n            kubernetes.rollout_status"),
          ("- kubernetes.scale: {kind: deployment, namespace: shop, name: cart, replicas: 4",
           "- id: half\n            kubernetes.scale: {kind: deployment, namespace: shop, name: cart, replicas: 4"),
          ("- kubernetes.scale: {kind: deployment, namespace: shop, name: cart, replicas: 8",
           "- id: whole\n            stage: full size\n            kubernetes.scale: {kind: deployment, namespace: shop, name: cart, replicas: 8"))  # fmt: skip


def done(tmp_path, lasts="", *, stages=False, until=""):
    """Return a site, and a run that has changed something and is over; or one that is at the step ``until``."""
    text = TEXT.replace("        FOR\n", f"        for: {lasts}\n" if lasts else "")
    for old, new in STAGES if stages else ():
        text = text.replace(old, new)
    site = SmallSite.of(tmp_path, text)
    site.site = replace(site.site, envelope=replace(site.site.envelope, targets=("kubernetes/**",)))
    (work,) = site.admit(alert("a", name="Slow")).works
    while work.tasks:
        if until and work.tasks[0].job.step.id == until and work.tasks[0].job.phase == "act" and work.tasks[0].intent:
            break
        resolved = {t.job.key: intent_of(t) for t in work.tasks if t.intent is None}
        if resolved:
            work = intend(site.tx, work.run, resolved, site.site, site.slots, site.now)
        elif work.tasks[0].job.phase == "caution":
            work = site.came(work, concern="")
        else:
            work = site.came(work, holds=True)
    return site, work


def intent_of(task):
    return Intent(task.parameters, {"replicas": 2})


def make(site, run):
    (made,) = undo.asked_for(site.tx, run, "ann", "it was wrong", site.now, new_id)
    return made.run


def test_by_a_run_of_its_own_in_the_opposite_order(tmp_path):
    site, over = done(tmp_path)
    run = make(site, over.run.id)
    work = site.begin(run)
    order = []
    while work.tasks:
        (task,) = work.tasks
        order.append((task.job.phase, task.intent.parameters.replicas, dict(task.intent.before)))
        work = site.came(work)
    assert order == [("undo", 8, {"replicas": 2}), ("undo", 4, {"replicas": 2})]
    assert site.status(run) == "undone"
    assert site.tx.all("SELECT scope FROM lock") == []


def test_it_passes_a_pause_but_no_other_runs_lock(tmp_path):
    site, over = done(tmp_path)
    control.pause(site.tx, "global", "ann", "freeze", None, site.now)
    run = make(site, over.run.id)
    site.tx.run("INSERT INTO lock (scope, run, at) VALUES ('kubernetes/default/shop', 'other', 1)")
    assert site.begin(run).held.guard == "lock"
    site.tx.run("DELETE FROM lock WHERE run = 'other'")
    assert site.begin(run).tasks


def test_what_fails_calls_people_and_the_rest_is_still_taken_back(tmp_path):
    site, over = done(tmp_path)
    run = make(site, over.run.id)
    work = site.came(site.begin(run), Outcome.FAILED)
    assert len(work.tasks) == 1
    site.came(work)
    assert site.status(run) == "escalated"


def test_only_once_and_only_what_is_over(tmp_path):
    site, over = done(tmp_path)
    run = make(site, over.run.id)
    with pytest.raises(ConflictError, match="is taken back by run"):
        make(site, over.run.id)
    with pytest.raises(ConflictError, match="is not over"):
        make(site, run)


def test_what_lasts_for_some_time_goes_back_by_itself(tmp_path):
    site, over = done(tmp_path, lasts="30m")
    (made,) = over.made
    held = site.begin(made.run)
    assert (site.status(made.run), held.due) == ("held", site.now + 1_800_000_000)
    site.tick(1799)
    assert not site.begin(made.run).tasks
    site.tick(1)
    assert site.begin(made.run).tasks[0].job.phase == "undo"


def test_going_back_by_itself_waits_for_a_pause(tmp_path):
    site, over = done(tmp_path, lasts="30m")
    control.pause(site.tx, "global", "ann", "freeze", None, site.now)
    site.begin(over.made[0].run)
    site.tick(1800)
    assert site.begin(over.made[0].run).held.guard == "pause"


def test_a_person_may_be_earlier(tmp_path):
    site, over = done(tmp_path, lasts="30m")
    site.begin(over.made[0].run)
    run = make(site, over.run.id)
    assert site.begin(run).tasks
    assert site.begin(over.made[0].run).finish.status == "cancelled"


def test_the_journal_of_the_first_run_stays_as_it_was(tmp_path):
    site, over = done(tmp_path)
    before = journal.view(site.tx, over.run.id)
    run = make(site, over.run.id)
    work = site.begin(run)
    while work.tasks:
        work = site.came(work)
    after = journal.view(site.tx, over.run.id)
    assert replace(after, taken_back=()) == before
    assert after.taken_back == (("0/act/1", run), ("0/act/2", run))
