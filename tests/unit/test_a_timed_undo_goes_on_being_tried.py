"""What was to last for some time goes back, however long something is in the way; people hear of it once."""

import pytest
from fakes.small_site import SmallSite, alert
from msgspec.structs import replace

from remediator.core.action import Intent
from remediator.core.guards import Envelope
from remediator.engine.conclude import intend
from remediator.store import control, journal

RULES = """
rules:
  - {name: r, match: 'alertname = "Slow"', guide: g, mode: auto}
guides:
  g:
    summary: s
    target: kubernetes/default/shop/deployment/cart
    remedies:
      - name: raise it
        for: 1h
        steps:
          - kubernetes.scale: {kind: deployment, namespace: shop, name: cart, replicas: 4}
    escalate: sev-2
"""


@pytest.fixture
def site(tmp_path):
    return SmallSite.of(
        tmp_path, RULES, hold_max=1800.0, reporters=("slack",), envelope=Envelope(("kubernetes/**",))
    )


def due_undo(site):
    """Return the id of an undo whose time has come, while all is paused."""
    (work,) = site.admit(alert("a", name="Slow")).works
    work = site.came(work, concern="")
    resolved = {work.tasks[0].job.key: Intent(work.tasks[0].parameters, {"replicas": 2})}
    work = intend(site.tx, work.run, resolved, site.site, site.slots, site.now)
    (undo,) = site.came(work).made
    control.pause(site.tx, "global", "ann", "freeze", None, site.now)
    site.tick(3600)
    return undo.run


def calls(site):
    (count,) = site.tx.one("SELECT count(*) FROM outbox WHERE telling = 'escalation'")
    site.tx.run("DELETE FROM outbox WHERE telling = 'escalation'")
    return count


def test_it_calls_people_once_and_goes_back_when_the_pause_ends(site):
    run = due_undo(site)
    assert site.begin(run).held.guard == "pause"
    for minutes, told in ((29, 0), (2, 1), (30, 0), (600, 0)):
        site.tick(minutes * 60)
        work = site.begin(run)
        assert (site.status(run), work.held.guard, calls(site)) == ("held", "pause", told)
        assert site.now < work.due <= site.now + 300_000_000
    assert journal.view(site.tx, run).called
    assert control.resume(site.tx, "global", "ann", site.now) == [run]
    work = site.begin(run)
    assert work.tasks[0].job.phase == "undo"
    site.came(work)
    assert site.status(run) == "undone"


def test_nor_does_a_pause_in_the_middle_of_it_end_it(site):
    run = due_undo(site)
    control.resume(site.tx, "global", "ann", site.now)
    site.slots.closed = True  # it is claimed, and there is no place for its step
    assert site.begin(run).full
    site.slots.closed = False
    control.pause(site.tx, "global", "ann", "freeze", None, site.now)
    for _ in range(3):
        site.tick(3600)
        assert site.begin(run).held
    assert (site.status(run) in ("held", "diagnosing", "acting"), calls(site)) == (True, 1)
    control.resume(site.tx, "global", "ann", site.now)
    assert site.begin(run).tasks


def test_what_the_site_no_longer_allows_calls_people(site):
    run = due_undo(site)
    control.resume(site.tx, "global", "ann", site.now)
    site.site = replace(site.site, envelope=Envelope(()))
    site.begin(run)
    assert (site.status(run), calls(site)) == ("escalated", 1)
