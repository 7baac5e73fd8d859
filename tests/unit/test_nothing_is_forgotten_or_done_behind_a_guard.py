"""What once went wrong: each of these let something act, or be forgotten, that should not."""

from fakes.small_site import SmallSite, alert
from msgspec.structs import replace

from remediator.actions import registry
from remediator.actions.context import Context
from remediator.core.action import Intent
from remediator.core.guards import Envelope
from remediator.core.records import Outcome, Phase, StepPlan
from remediator.core.run import Job
from remediator.engine.perform import perform
from remediator.engine.work import Task
from remediator.store import control

BELOW = """
rules:
  - name: restart
    match: alertname = "Down"
    guide: restart
    with: {namespace: "{{ labels.service }}"}
    mode: auto
guides:
  restart:
    summary: it is down
    parameters: {namespace: {type: string}}
    target: kubernetes/default
    remedies:
      - name: scale it
        steps:
          - kubernetes.scale: {kind: deployment, name: dns, namespace: "{{ params.namespace }}", replicas: 2}
    escalate: sev-2
"""

TWICE = """
rules:
  - name: two
    match: alertname = "Down"
    guide: two
    mode: auto
guides:
  two:
    summary: two remedies with steps of one name
    target: host/a
    remedies:
      - name: soft
        steps:
          - id: act
            http.request: {url: "http://127.0.0.1:9/soft", method: PUT}
      - name: hard
        steps:
          - id: act
            http.request: {url: "http://127.0.0.1:9/hard", method: PUT}
    escalate: sev-2
"""


def test_what_is_protected_stays_so_below_an_allowed_ancestor(tmp_path):
    protected = Envelope(("kubernetes/**",), ("kubernetes/*/kube-system/**",))
    small = SmallSite.of(tmp_path, BELOW, envelope=protected)
    (work,) = small.admit(alert("kube-system")).works
    work = small.came(work, concern="")  # nothing speaks against it at the cluster
    assert work.tasks == ()
    assert "is protected by kubernetes/*/kube-system/**" in work.finish.reason
    allowed = small.came(*small.admit(alert("shop")).works, concern="")
    assert [task.action.name for task in allowed.tasks] == ["kubernetes.scale"]


def test_steps_of_one_name_in_two_remedies_are_not_confused(tmp_path):
    small = SmallSite.of(tmp_path, TWICE)
    (work,) = small.admit(alert("a")).works
    assert str(work.tasks[0].parameters.url).endswith("/soft")


def test_a_change_found_after_a_crash_is_not_repeated_while_paused(tmp_path):
    small = SmallSite.of(tmp_path)
    (work,) = small.admit(alert("a")).works
    control.pause(small.tx, "global", "me", "stop", None, small.now)
    small.slots.release(work.run.id)  # the process died
    (task,) = small.begin(work.run.id).tasks
    assert (task.recovered, task.only_ask) == (True, True)


def test_nothing_new_is_begun_while_the_process_ends(tmp_path):
    small = SmallSite.of(tmp_path)
    small.slots.closed = True
    (work,) = small.admit(alert("a")).works
    assert (work.tasks, small.tx.all("SELECT * FROM step")) == ((), [])
    small.slots.closed = False
    assert small.begin(work.run.id).tasks


def test_an_equal_alert_does_not_join_a_run_that_is_about_to_end(tmp_path):
    small = SmallSite.of(tmp_path)
    small.admit(alert("a"))
    small.admit(alert("a", firing=False))
    other = replace(alert("a"), fingerprint="another")
    (made,) = small.admit(other).works
    assert made.run.id


def test_attempts_that_failed_count_for_the_throttle(tmp_path):
    small = SmallSite.of(tmp_path)
    for service in ("a", "b", "c"):
        (work,) = small.admit(alert(service)).works
        small.came(work, Outcome.FAILED)
    (fourth,) = small.admit(alert("d")).works
    assert fourth.held.guard == "throttle"


def test_one_missed_resolved_is_not_for_ever(tmp_path):
    small = SmallSite.of(tmp_path)
    (work,) = small.admit(alert("a", starts_at=small.now)).works
    small.came(work)
    small.tick(25 * 3600)
    assert small.admit(alert("a", starts_at=1)).works == [], "the same trouble goes on"
    small.tick(25 * 3600)
    (again,) = small.admit(alert("a", starts_at=small.now)).works
    assert again.run.id != work.run.id


def test_a_clock_that_steps_back_opens_no_second_episode(tmp_path):
    small = SmallSite.of(tmp_path)
    small.tick(3600)
    small.admit(alert("a"))
    small.admit(alert("a", firing=False))
    small.tick(121)
    small.admit(alert("b"), alert("a", firing=False))
    small.tx.run("UPDATE episode SET closed_at = resolved_at WHERE resolved_at IS NOT NULL")
    small.tick(-3600)
    small.admit(alert("a"))
    small.admit(alert("a"))
    assert small.tx.all("SELECT count(*) FROM episode WHERE closed_at IS NULL AND fingerprint = 'Down-a'") == [(1,)]


async def test_an_undo_found_after_a_crash_is_not_repeated_while_forbidden():
    action = registry.find("kubernetes.scale")
    parameters = action.parameters.model_validate({"kind": "deployment", "name": "a", "namespace": "b", "replicas": 2})
    job = Job("0/undo/0", Phase.UNDO, 0, StepPlan("a", action.name, {}))
    task = Task(job, action, parameters, "kubernetes/default", Intent(parameters, {}), recovered=True, only_ask=True)
    result = await perform(task, Context(session=None, clients=None))  # whoever called the cluster would need these
    assert result.outcome is Outcome.FAILED
    assert "forbidden now" in result.error
