"""A person silences the alert while a remedy of several changes is under way: the next of these is not begun."""

import pytest
from fakes.small_site import RULES, SECOND, SmallSite, alert

from remediator.core.records import Outcome, Phase
from remediator.interfaces.markdown import to_markdown
from remediator.interfaces.report import compose
from remediator.store import control, journal

ONE = '          - http.request: {url: "http://127.0.0.1:9/restart/{{ params.service }}", method: POST}\n'
LOOK = '          - http.probe: {url: "http://127.0.0.1:9/health"}\n'
TEXT = RULES.replace(ONE, ONE + LOOK + ONE + ONE)
ANNS = {"state": "silenced", "by": "ann", "comment": "mine", "until": 1_003_600 * SECOND, "silence": "5f1"}


def begun(tmp_path, text=TEXT, **more):
    """A site and a run whose first change is in flight."""
    site = SmallSite.of(tmp_path, text, confirms=True, reporters=("slack",), **more)
    (work,) = site.admit(alert("shop", starts_at=site.now)).works
    work = site.came(work, state="firing")
    assert phase(work) is Phase.ACT
    return site, work


def phase(work):
    return work.tasks[0].job.phase


def stopped(tmp_path, text=TEXT):
    """... and that is stopped before its second."""
    site, work = begun(tmp_path, text)
    site.tick(30)
    work = site.came(site.came(work))  # and the probe: what only looks needs no leave
    assert work.tasks[0].job.key == "0/confirm/meanwhile"
    return site, site.came(work, **ANNS)


def test_it_says_so_and_keeps_what_it_holds(tmp_path):
    site, work = stopped(tmp_path)
    assert not work.tasks
    assert (work.held.guard, work.held.until) == ("silence", ANNS["until"])
    row = site.tx.one("SELECT status, held_by, held_until, reason FROM run")
    assert row == ("acting", "silence", ANNS["until"], work.held.said)
    assert [scope for (scope,) in site.tx.all("SELECT scope FROM lock")] == ["host/shop"]
    shown = to_markdown(compose(journal.view(site.tx, work.run.id)))
    assert "silenced by ann" in shown
    assert "stopped half-way" in shown


def test_it_is_asked_about_now_and_then_and_goes_on_where_it_stopped(tmp_path):
    site, work = stopped(tmp_path)
    for _ in range(3):
        assert site.now < work.due <= site.now + 60 * SECOND
        site.now = work.due
        work = site.begin(work.run.id)
        assert phase(work) is Phase.CONFIRM
        work = site.came(work, **ANNS)
    assert site.tx.one("SELECT count(*) FROM step WHERE phase = 'confirm'")[0] == 2
    site.now = work.due
    work = site.came(site.begin(work.run.id), state="firing")
    assert (phase(work), work.tasks[0].job.key) == (Phase.ACT, "0/act/2")
    assert site.tx.one("SELECT held_by, held_scope, held_until FROM run") == ("", "", None)
    assert site.came(site.came(work)).finish.status == "unverified"


def test_while_nobody_can_be_asked_the_silence_counts(tmp_path):
    site, work = stopped(tmp_path)
    for _ in range(2):
        site.now = work.due
        work = site.came(site.begin(work.run.id), Outcome.FAILED)
        assert not work.tasks
        assert work.held.guard == "silence"
    site.now = work.due
    work = site.came(site.begin(work.run.id), state="firing")
    assert work.tasks[0].job.key == "0/act/2"


@pytest.mark.parametrize("said", [{"state": "resolved"}, {"state": "inhibited"}, {"state": "firing"}, None])
def test_nothing_else_stops_what_has_begun(tmp_path, said):
    site, work = begun(tmp_path)
    site.tick(30)
    work = site.came(site.came(work))
    work = site.came(work, **said) if said else site.came(work, Outcome.FAILED)
    assert phase(work) is Phase.ACT


def test_a_quick_remedy_asks_once_and_a_slow_one_before_each_change(tmp_path):
    for seconds, asks in ((1, 1), (6, 3)):
        (site, work), count = begun(tmp_path), 1
        while work.tasks:
            count += phase(work) is Phase.CONFIRM
            if phase(work) is Phase.ACT:
                site.tick(seconds)
            work = site.came(work, state="firing")
        assert work.finish.status == "unverified"
        assert count == asks


def test_when_its_time_is_up_people_are_called(tmp_path):
    site, work = stopped(tmp_path, TEXT.replace("    remedies:", "    timeout: 5m\n    remedies:"))
    site.tick(300)
    finish = site.begin(work.run.id).finish
    assert finish.status == "escalated"
    assert "while the alert is silenced by a person" in finish.reason


def test_a_clock_behind_ours_makes_it_ask_no_faster(tmp_path):
    site, work = begun(tmp_path)
    site.tick(30)
    work = site.came(site.came(site.came(work)), **ANNS | {"until": site.now - SECOND})
    assert work.due == site.now + 60 * SECOND


def test_a_person_can_end_it_there(tmp_path):
    site, work = stopped(tmp_path)
    assert "remediator runs cancel" in work.held.advice
    control.cancel(site.tx, work.run.id, "bob", "no more", site.now)
    assert site.begin(work.run.id).finish.status == "cancelled"


def test_what_is_paused_asks_nothing(tmp_path):
    site, work = stopped(tmp_path)
    control.pause_run(site.tx, work.run.id, "bob", "wait", site.now)
    site.now = work.due
    assert not site.begin(work.run.id).tasks


def test_after_a_crash_while_it_asked_it_asks_again(tmp_path):
    site, work = begun(tmp_path)
    site.tick(30)
    work = site.came(site.came(work))
    site.slots.release(work.run.id)
    assert site.begin(work.run.id).tasks[0].job.key == "0/confirm/meanwhile"
