"""A backend that was not known when the run was planned was judged by no breaker and counted in no limit."""

import json

import pytest
from fakes.small_site import RULES, SmallSite, alert

from remediator.core.records import Phase
from remediator.store import control


def goes_on(site, backends):
    """Hold a run before its first step, let its plan say this, and let it go on; return what it would do."""
    control.pause(site.tx, "global", "ann", "a freeze", None, site.now)
    (work,) = site.admit(alert("api", starts_at=site.now)).works
    assert work.held.guard == "pause"
    site.tx.run("UPDATE run SET plan = json_set(plan, '$.backends', json(?))", json.dumps(backends))
    control.resume(site.tx, "global", "ann", site.now)
    return site.begin(work.run.id)


@pytest.mark.parametrize("backends", [[], ["http/10.0.0.1:9"], ["http/127.0.0.1:90"], ["http"]])
def test_another_one_is_refused(tmp_path, backends):
    site = SmallSite.of(tmp_path)
    work = goes_on(site, backends)
    assert work.tasks == ()
    [(phase, outcome, error)] = site.tx.all("SELECT phase, outcome, error FROM step")
    assert (phase, outcome) == ("act", "failed")
    assert error == "http.request would talk to http/127.0.0.1:9, which was not known when the run was planned"
    assert site.status(work.run.id) == "escalated"


def test_the_one_that_was_is_asked(tmp_path):
    site = SmallSite.of(tmp_path)
    (task,) = goes_on(site, ["http/127.0.0.1:9"]).tasks
    assert (task.job.phase, task.backend) == (Phase.ACT, "http/127.0.0.1:9")


def test_one_that_only_the_diagnosis_can_tell_is_asked(tmp_path):
    """Nobody could know it before: the envelope and the locks are what binds such a step."""
    looked = '    diagnose:\n      - {id: look, http.probe: {url: "http://127.0.0.1:9/"}}\n    remedies:'
    text = RULES.replace("    remedies:", looked).replace("method: POST}", 'method: POST, body: "{{ steps.look.status }}"}')
    site = SmallSite.of(tmp_path, text)
    work = goes_on(site, [])
    while work.tasks and work.tasks[0].job.phase is not Phase.ACT:
        work = site.came(work)
    assert [task.backend for task in work.tasks] == ["http/127.0.0.1:9"]
