"""A step that failed and may have changed something is put back as one that is done; one that did nothing is not."""

import pytest
from fakes.small_site import SmallSite, alert

from remediator.core.action import Intent
from remediator.core.guards import Envelope
from remediator.core.records import Outcome
from remediator.engine.clock import new_id
from remediator.engine.conclude import conclude, intend
from remediator.engine.perform import Result
from remediator.errors import ConflictError
from remediator.interfaces.report_facts import what_changed
from remediator.store import journal, undo

RULES = """
rules:
  - {name: r, match: 'alertname = "Slow"', guide: g, mode: auto}
guides:
  g:
    summary: s
    UNDO
    target: kubernetes/default/-/node/n1
    remedies:
      - name: empty it
        steps:
          - kubernetes.drain: {node: n1}
"""
BEFORE = {"cordoned": False, "uid": "u"}


def failed(tmp_path, *, maybe, undone_by=""):
    """Return a site whose drain has failed, and what comes next."""
    text = RULES.replace("    UNDO\n", f"    undo: {undone_by}\n" if undone_by else "")
    site = SmallSite.of(tmp_path, text, envelope=Envelope(("kubernetes/**",)))
    (work,) = site.admit(alert("a", name="Slow")).works
    while work.tasks:
        if work.tasks[0].intent is None:
            resolved = {task.job.key: Intent(task.parameters, BEFORE) for task in work.tasks}
            work = intend(site.tx, work.run, resolved, site.site, site.slots, site.now)
        elif work.tasks[0].job.phase == "act":
            site.slots.release(work.run.id)
            result = Result(work.tasks[0], Outcome.FAILED, error="refused", maybe=maybe)
            return site, conclude(site.tx, work.run, (result,), site.site, site.slots, site.now)
        else:
            work = site.came(work)
    raise AssertionError("it never came to act")


def test_at_once_where_the_guide_says_so(tmp_path):
    site, work = failed(tmp_path, maybe=True, undone_by="on_failure")
    (task,) = work.tasks
    assert (task.job.key, task.intent.before) == ("0/undo/0", BEFORE)
    assert what_changed(journal.view(site.tx, work.run.id)) == "a change may have been made"
    over = site.came(work)
    assert over.finish.status == "undone"


def test_but_not_what_did_not_happen(tmp_path):
    _, work = failed(tmp_path, maybe=False, undone_by="on_failure")
    assert not work.tasks


def test_when_a_person_asks_for_it(tmp_path):
    site, over = failed(tmp_path, maybe=True)
    assert over.finish is not None
    (made,) = undo.asked_for(site.tx, over.run.id, "ann", "let pods come", site.now, new_id)
    (task,) = site.begin(made.run).tasks
    assert task.intent.before == BEFORE


def test_but_what_did_not_happen_cannot_be(tmp_path):
    site, over = failed(tmp_path, maybe=False)
    with pytest.raises(ConflictError, match="has changed nothing"):
        undo.asked_for(site.tx, over.run.id, "ann", "let pods come", site.now, new_id)
