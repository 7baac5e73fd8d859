"""A run is counted once, at its last change: its own reservation is no reason to hold its next remedy."""

import pytest
from fakes.small_site import SmallSite, alert

from remediator.core.limits import Throttle
from remediator.core.scopes import SiteLimits
from remediator.core.verification import Sample
from remediator.store import control

RULES = """
rules:
  - {name: two, match: 'alertname = "Down"', guide: two, with: {service: "{{ labels.service }}"}, mode: auto, limits: LIMITS}
guides:
  two:
    summary: s
    parameters: {service: {type: string}}
    target: host/{{ params.service }}
    timeout: 10h
    remedies:
      - name: first
        steps:
          - http.request: {url: "http://127.0.0.1:9/first", method: POST}
      - name: second
        mode: MODE
        steps:
          - http.request: {url: "http://127.0.0.1:9/second", method: POST}
    verify:
      within: 1s
      all:
        - http.probe: {url: "http://127.0.0.1:9/health"}
"""


def site_of(tmp_path, mode, limits="{throttle: {max: 1, per: 1h}}", **more):
    return SmallSite.of(tmp_path, RULES.replace("MODE", mode).replace("LIMITS", limits), limits=SiteLimits(**more))


def advance(site, work):
    """Let reads come out, and the first remedy not help, until it waits or changes something."""
    while work.poll or (work.tasks and work.tasks[0].job.phase != "act"):
        if work.poll:
            site.tick(2)
            work = site.polled(work, Sample("s", holds=False, reason="no"))
        else:
            work = site.came(work, holds=False)
    return work


def after_the_first(site, name="a", wait=0):
    """Return a run whose first remedy did not help."""
    work = advance(site, site.admit(alert(name)).works[0])
    assert work.tasks[0].job.remedy == "first"
    work = site.came(work, status=200)
    assert work.poll
    site.tick(wait)
    return advance(site, work)


def approved(site, work):
    control.approve(site.tx, work.run.id, "ann", "yes", "", site.now)
    return advance(site, site.begin(work.run.id))


LIMITS = [
    ("{throttle: {max: 1, per: 1h}}", {}),
    ("{}", {"per_target": Throttle(1, 3600.0), "overall": Throttle(1, 3600.0), "per_namespace": Throttle(1, 3600.0)}),
    ("{budget: {max: 1, per: 1h}}", {"budget": Throttle(1, 3600.0)}),
    ("{cooldown: 1h}", {"loop_guard": 3600.0}),
]


@pytest.mark.parametrize(("limits", "more"), LIMITS)
def test_its_second_remedy_goes_on_after_the_yes(tmp_path, limits, more):
    site = site_of(tmp_path, "ask", limits, **more)
    work = after_the_first(site)
    assert site.status(work.run.id) == "awaiting_approval"
    work = approved(site, work)
    assert [task.job.remedy for task in work.tasks] == ["second"]
    count, runs = site.tx.one("SELECT count(*), count(DISTINCT scope) FROM spent WHERE run = ?", work.run.id)
    assert count == runs, "it is counted once a scope"


def test_the_others_wait_from_its_last_change_on(tmp_path):
    site = site_of(tmp_path, "ask")
    work = after_the_first(site)
    site.tick(3000)
    approved(site, work)
    last = site.now
    site.tick(700)
    other = advance(site, site.admit(alert("b")).works[0])
    assert (other.held.guard, other.held.until) == ("throttle", last + 3_600_000_000)


@pytest.mark.parametrize("mode", ["ask", "auto"])
def test_when_its_place_has_been_taken_since_it_waits_like_anybody(tmp_path, mode):
    site = site_of(tmp_path, mode)
    work = site.came(advance(site, site.admit(alert("a")).works[0]), status=200)
    site.tick(3700)  # its own reservation is over
    other = advance(site, site.admit(alert("b")).works[0])
    assert other.tasks[0].job.remedy == "first"
    work = advance(site, work)
    assert (work.held.guard, site.status(work.run.id)) == ("throttle", "held")
