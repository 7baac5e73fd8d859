"""A change of which nobody could tell is, when a person says that it happened, a change like any other."""

import pytest
from fakes.small_site import SmallSite, alert

from remediator.core.action import Intent
from remediator.core.guards import Envelope
from remediator.core.limits import Throttle
from remediator.core.records import Outcome
from remediator.core.scopes import SiteLimits
from remediator.engine.clock import new_id
from remediator.engine.conclude import intend
from remediator.errors import ConflictError
from remediator.store import audit, control, journal, undo

RULES = """
rules:
  - {name: r, match: 'alertname = "Slow"', guide: g, mode: auto}
guides:
  g:
    summary: s
    target: kubernetes/default/shop/deployment/cart
    remedies:
      - name: raise it
        FOR
        steps:
          - kubernetes.scale: {kind: deployment, namespace: shop, name: cart, replicas: 4}
          - kubernetes.scale: {kind: deployment, namespace: shop, name: cart, replicas: 8}
"""


def doubtful(tmp_path, before, lasts="", **more):
    """Return a site, and a run whose second change nobody can tell of, and what was made at its end."""
    text = RULES.replace("        FOR\n", f"        for: {lasts}\n" if lasts else "")
    site = SmallSite.of(tmp_path, text, envelope=Envelope(("kubernetes/**",)), **more)
    (work,) = site.admit(alert("a", name="Slow")).works
    while work.tasks:
        unresolved = {task.job.key: Intent(task.parameters, before) for task in work.tasks if task.intent is None}
        if unresolved:
            work = intend(site.tx, work.run, unresolved, site.site, site.slots, site.now)
        elif work.tasks[0].job.key == "0/act/1":
            work = site.came(work, Outcome.UNKNOWN)
        else:
            work = site.came(work, concern="")
    assert site.status(work.run.id) == "unknown"
    return site, work.run.id, work.made


def settle(site, run, *, happened):
    control.settle(site.tx, run, "ann", "I looked", happened=happened, now=site.now)
    return undo.when_its_time_is_over(site.tx, journal.load(site.tx, run)[0], site.now, new_id)


def taken_back(site, run):
    work, found = site.begin(undo.asked_for(site.tx, run, "ann", "wrong", site.now, new_id)[0].run), []
    while work.tasks:
        found.append(work.tasks[0].intent.parameters.replicas)
        work = site.came(work)
    return found


@pytest.mark.parametrize(("happened", "what"), [(True, [8, 4]), (False, [4])])
def test_what_is_taken_back(tmp_path, happened, what):
    site, run, _ = doubtful(tmp_path, {"replicas": 2})
    settle(site, run, happened=happened)
    assert taken_back(site, run) == what


@pytest.mark.parametrize("happened", [True, False])
def test_what_it_had_done_before_still_counts(tmp_path, happened):
    """Its first change is made, whatever became of the second."""
    site, run, _ = doubtful(tmp_path, {"replicas": 2}, limits=SiteLimits(overall=Throttle(9, 60), budget=Throttle(9, 60)))
    settle(site, run, happened=happened)
    assert site.tx.one("SELECT (SELECT count(*) FROM spent), (SELECT count(*) FROM touched)") == (1, 1)


def test_without_what_was_there_it_stays_doubtful(tmp_path):
    site, run, _ = doubtful(tmp_path, {})
    settle(site, run, happened=True)
    site.tx.run("DELETE FROM step WHERE run = ? AND key = '0/act/0'", run)
    with pytest.raises(ConflictError, match="is not in the journal: take it back by hand"):
        undo.asked_for(site.tx, run, "ann", "wrong", site.now, new_id)


def test_one_that_was_to_last_for_some_time_goes_back_by_itself(tmp_path):
    site, run, (first,) = doubtful(tmp_path, {"replicas": 2}, lasts="1h")
    (second,) = settle(site, run, happened=True)
    assert undo.when_its_time_is_over(site.tx, journal.load(site.tx, run)[0], site.now, new_id) == []
    keys = [{key for (key,) in site.tx.all("SELECT key FROM step WHERE run = ?", made.run)} for made in (first, second)]
    assert keys == [{"0/act/0"}, {"0/act/1"}]


def test_the_trail_says_who_says_so(tmp_path):
    site, run, _ = doubtful(tmp_path, {"replicas": 2})
    settle(site, run, happened=True)
    change, settled = audit.page(site.tx, 0, 100)[-2:]
    assert (change["kind"], change["outcome"], settled["who"], settled["after"]) == ("change", "done", "ann", {"status": "succeeded"})
    assert "ann says that it happened" in change["error"]
