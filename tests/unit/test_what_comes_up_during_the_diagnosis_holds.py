"""A window, a cause or a storm that begins between a run's claim and its first change holds it, as it would have before."""

import pytest
from fakes.small_site import SmallSite, alert

RULES = """
time_intervals:
  - name: evening
    time_intervals: [{times: [{start_time: "14:00", end_time: "15:00"}]}]
rules:
  - name: r
    match: alertname = "Slow"
    guide: g
    with: {service: "{{ labels.service }}"}
    mode: auto
    mute_time_intervals: [evening]
    inhibited_by: [{source_matchers: ['alertname = "Cause"']}]
    limits: {storm: {max: 2, per: 1h, calm: 30m}}
guides:
  g:
    summary: s
    parameters: {service: {type: string}}
    target: host/{{ params.service }}
    diagnose:
      - id: look
        http.probe: {url: "http://127.0.0.1:9/health"}
    remedies:
      - name: restart it
        steps:
          - http.request: {url: "http://127.0.0.1:9/restart", method: POST}
          - http.request: {url: "http://127.0.0.1:9/again", method: POST}
"""
HOUR = 3600


def looking(tmp_path):
    """Return a site at 13:46, and a run that has its lock and looks."""
    site = SmallSite.of(tmp_path, RULES, hold_max=10.0 * HOUR)
    (work,) = site.admit(alert("a", name="Slow")).works
    assert work.tasks[0].job.phase == "diagnose"
    return site, work


def looked(site, work):
    """Let the diagnosis come out, and whether the alert still fires."""
    while work.tasks and work.tasks[0].job.phase in ("diagnose", "confirm"):
        work = site.came(work, status=200, state="firing")
    return work


def evening(site):
    site.tick(HOUR // 2)


def cause(site):
    site.admit(alert("db", name="Cause"))


def storm(site):
    for name in ("b", "c", "d"):
        site.admit(alert(name, name="Slow"))


@pytest.mark.parametrize(("comes_up", "guard"), [(evening, "window"), (cause, "dependency"), (storm, "storm")])
def test_it_lets_go_and_looks_anew_when_it_may(tmp_path, comes_up, guard):
    site, work = looking(tmp_path)
    comes_up(site)
    held = looked(site, work)
    assert (held.tasks, held.held.guard, site.status(work.run.id)) == ((), guard, "held")
    assert site.tx.all("SELECT scope FROM lock WHERE run = ?", work.run.id) == []
    assert site.tx.all("SELECT scope FROM spent WHERE run = ?", work.run.id) == []
    site.admit(alert("db", name="Cause", firing=False))
    site.tick(2 * HOUR)
    again = site.begin(work.run.id)
    assert again.tasks[0].job.phase == "diagnose"
    assert looked(site, again).tasks[0].job.key == "0/act/0"


@pytest.mark.parametrize("comes_up", [evening, cause, storm])
def test_a_remedy_that_has_begun_is_finished(tmp_path, comes_up):
    site, work = looking(tmp_path)
    work = site.came(work, status=200)
    comes_up(site)
    assert site.came(work, status=200).tasks[0].job.key == "0/act/1"
