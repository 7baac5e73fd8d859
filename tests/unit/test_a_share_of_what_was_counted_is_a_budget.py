import pytest
from fakes.small_site import RULES, SmallSite, alert

from remediator.core.records import Outcome
from remediator.engine.conclude import conclude
from remediator.engine.perform import Result
from remediator.errors import ConfigurationError

LOOK = """    diagnose:
      - id: fleet
        http.probe: {url: "http://127.0.0.1:9/fleet", json: {path: $.size}}
"""
SHARE = "    limits: {cooldown: 5m, share: {percent: 25, of: steps.fleet.value, per: 1h}}\n"
TEXT = RULES.replace("    limits: {cooldown: 5m}\n", SHARE).replace("    remedies:\n", LOOK + "    remedies:\n")


def comes(site, service, counted, outcome=Outcome.DONE):
    """Admit an alert; let its diagnosis count so many. Return what the run does next."""
    (work,) = site.admit(alert(service, name="Slow", starts_at=site.now)).works
    assert [task.job.phase for task in work.tasks] == ["diagnose"]
    return site.came(work, outcome, value=counted, holds=True, status=200)


def test_no_more_than_that_part_is_changed(tmp_path):
    site = SmallSite.of(tmp_path, TEXT)
    for service in ("a", "b"):
        work = comes(site, service, 8)
        assert [task.job.phase for task in work.tasks] == ["act"]
        site.came(work)
    held = comes(site, "c", 11)
    assert (held.held.guard, held.held.scope) == ("budget", "budget:share restart when slow")
    site.tick(3600)
    again = site.begin(held.run.id)
    assert [task.job.phase for task in again.tasks] == ["diagnose"]  # what was counted may be different by now
    asked = site.came(again, value=8, holds=True, status=200)  # whether the alert still fires
    assert site.came(asked, state="firing").tasks[0].job.phase == "act"


def test_one_is_always_allowed(tmp_path):
    assert comes(SmallSite.of(tmp_path, TEXT), "a", 2).tasks[0].job.phase == "act"


@pytest.mark.parametrize(("counted", "outcome"), [("many", Outcome.DONE), (None, Outcome.FAILED)])
def test_what_cannot_be_counted_is_asked_about(tmp_path, counted, outcome):
    site = SmallSite.of(tmp_path, TEXT.replace("      - id: fleet", "      - http.probe: {url: 'http://127.0.0.1:9/'}\n      - id: fleet"))
    (work,) = site.admit(alert("a", name="Slow", starts_at=site.now)).works
    first, second = work.tasks
    results = (Result(first, Outcome.DONE, {"holds": True, "status": 200}), Result(second, outcome, {"value": counted, "holds": True}))
    site.slots.release(work.run.id)
    work = site.came(conclude(site.tx, work.run, results, site.site, site.slots, site.now))
    assert site.status(work.run.id) == "awaiting_approval"


def test_a_count_that_the_guide_does_not_make_is_told_at_load(tmp_path):
    with pytest.raises(ConfigurationError, match="flee"):
        SmallSite.of(tmp_path, TEXT.replace("steps.fleet.value", "steps.flee.value"))
