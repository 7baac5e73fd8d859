"""A guide's ``timeout``: half a remedy goes back as after a failed step; a whole one is still verified."""

from fakes.small_site import SmallSite, alert

from remediator.core.action import Intent
from remediator.core.guards import Envelope
from remediator.core.verification import Sample
from remediator.engine.conclude import intend

RULES = """
rules:
  - {name: heal, match: alertname = "Down", guide: heal, mode: auto}
guides:
  heal:
    summary: it is down
    target: kubernetes/default/n/deployment/a
    timeout: 2m
    remedies:
      - name: recover
        steps:
          - kubernetes.scale: {kind: deployment, namespace: n, name: a, replicas: 0}
          - kubernetes.scale: {kind: deployment, namespace: n, name: a, replicas: 3}
    verify:
      within: 1m
      all:
        - http.probe: {url: "http://127.0.0.1:9/health"}
    undo: %s
    escalate: sev-2
"""


def acted(tmp_path, undo, *seconds):
    """Return a site, and what comes next after so many changing steps that took so long."""
    small = SmallSite.of(tmp_path, RULES % undo, envelope=Envelope(("kubernetes/**",)))
    (work,) = small.admit(alert("a")).works
    left = list(seconds)
    while work.tasks:
        if any(task.intent is None for task in work.tasks):
            resolved = {task.job.key: Intent(task.parameters, {"replicas": 3}) for task in work.tasks}
            work = intend(small.tx, work.run, resolved, small.site, small.slots, small.now)
        elif work.tasks[0].job.phase == "act" and left:
            small.tick(left.pop(0))
            work = small.came(work, replicas=0, before=3, changed=True)
            if not left:
                return small, work
        else:
            work = small.came(work, holds=False, reason="503")
    raise AssertionError("it never came to act")


def test_half_of_it_goes_back(tmp_path):
    small, work = acted(tmp_path, "on_failure", 121)
    assert [task.job.key for task in work.tasks] == ["0/undo/0"]
    work = small.came(work, replicas=3, before=0, changed=True)
    assert (work.finish.status, work.finish.reason) == ("escalated", "its time of 2m is up")


def test_it_stays_where_a_person_takes_back(tmp_path):
    _, work = acted(tmp_path, "manual", 121)
    assert (work.finish.status, work.finish.reason) == ("escalated", "its time of 2m is up")


def test_the_whole_of_it_is_verified_however_late(tmp_path):
    small, work = acted(tmp_path, "on_failure", 1, 3600)
    assert work.poll
    assert small.polled(work, Sample("check1", holds=True, reason="200")).finish.status == "succeeded"
