"""A person pauses one run: it begins nothing more, keeps what it holds half-way, and goes on where it stopped."""

import pytest
from fakes.small_site import SmallSite, alert

from remediator.core.records import Outcome
from remediator.errors import ConflictError
from remediator.interfaces.markdown import to_markdown
from remediator.interfaces.report import compose
from remediator.store import control, journal

TEXT = """
rules:
  - {name: back, match: 'alertname = "Down"', guide: back, mode: MODE}
  - {name: slow, match: 'alertname = "Slow"', guide: back, mode: MODE}
guides:
  back:
    summary: it comes back by steps
    target: host/web
    timeout: 10m
    remedies:
      - name: by steps
        steps:
          - {id: first, stage: stop, http.request: {url: "http://web.example.com/1"}}
          - {id: second, stage: start, http.request: {url: "http://web.example.com/2"}}
"""


def begun(tmp_path, mode="auto"):
    site = SmallSite.of(tmp_path, TEXT.replace("MODE", mode), reporters=("slack",))
    (work,) = site.admit(alert("web", starts_at=site.now)).works
    return site, work


def pause(site, run):
    control.pause_run(site.tx, run, "ann", "wait for the backup", site.now)


def resume(site, run):
    control.resume_run(site.tx, run, "bob", "it is there", site.now)


def locks(site):
    return [scope for (scope,) in site.tx.all("SELECT scope FROM lock")]


def test_what_is_in_flight_ends_and_nothing_more_begins(tmp_path):
    site, work = begun(tmp_path)
    pause(site, work.run.id)
    work = site.came(work)
    assert not work.tasks
    assert work.held.guard == "pause"
    assert not site.begin(work.run.id).tasks  # as after a restart: from the rows
    assert (site.status(work.run.id), locks(site)) == ("acting", ["host/web"])


def test_it_goes_on_with_the_next_step(tmp_path):
    site, work = begun(tmp_path)
    pause(site, work.run.id)
    work = site.came(work)
    resume(site, work.run.id)
    work = site.begin(work.run.id)
    assert [task.job.step.id for task in work.tasks] == ["second"]
    site.came(work)
    assert site.status(work.run.id) == "unverified"


def test_no_time_runs_out_meanwhile(tmp_path):
    site, work = begun(tmp_path)
    site.tick(60)
    pause(site, work.run.id)
    work = site.came(work)
    site.tick(3 * 3600)
    assert not site.begin(work.run.id).finish
    resume(site, work.run.id)
    site.tick(539)
    assert site.begin(work.run.id).tasks


def test_after_it_the_time_that_was_left_is_left(tmp_path):
    site, work = begun(tmp_path)
    site.tick(60)
    pause(site, work.run.id)
    work = site.came(work)
    site.tick(3 * 3600)
    resume(site, work.run.id)
    site.tick(541)
    assert "time of 10m is up" in site.begin(work.run.id).finish.reason


def test_before_its_first_change_it_lets_others_go_first(tmp_path):
    site, work = begun(tmp_path)
    (second,) = site.admit(alert("web", name="Slow", starts_at=site.now)).works
    assert second.held.guard == "lock"
    pause(site, second.run.id)
    site.begin(second.run.id)
    site.tick(7200)  # longer than anything may be held
    assert site.status(second.run.id) == "held"
    site.came(site.came(work))
    resume(site, second.run.id)
    assert site.begin(second.run.id).tasks


def test_an_approval_is_waited_for_no_shorter(tmp_path):
    site, work = begun(tmp_path, "ask")
    work = site.came(work)
    assert site.status(work.run.id) == "awaiting_approval"
    pause(site, work.run.id)
    site.begin(work.run.id)
    site.tick(2 * 3600)
    site.begin(work.run.id)
    assert site.status(work.run.id) == "awaiting_approval"
    control.approve(site.tx, work.run.id, "ann", "yes", "", site.now)
    assert not site.begin(work.run.id).tasks
    resume(site, work.run.id)
    assert site.begin(work.run.id).tasks


def test_a_change_that_a_crash_cut_off_is_only_asked_about(tmp_path):
    site, work = begun(tmp_path)
    pause(site, work.run.id)
    (task,) = site.begin(work.run.id).tasks
    assert task.only_ask


def test_verifying_is_only_looking(tmp_path):
    text = TEXT + "    verify: {all: [{http.probe: {url: 'http://web.example.com/health'}}]}\n"
    site = SmallSite.of(tmp_path, text.replace("MODE", "auto"))
    work = site.admit(alert("web", starts_at=site.now)).works[0]
    work = site.came(work, holds=False)
    work = site.came(site.came(work))
    pause(site, work.run.id)
    assert site.begin(work.run.id).poll


def test_the_report_names_who_and_what_can_be_done(tmp_path):
    site, work = begun(tmp_path)
    pause(site, work.run.id)
    site.came(work)
    said = to_markdown(compose(journal.view(site.tx, work.run.id)))
    for part in ("a person has paused it", "ann: wait for the backup", "runs resume", "runs cancel", "--undo", "stop: http.request"):
        assert part in said
    told = site.tx.all("SELECT telling, version FROM outbox WHERE telling = 'message'")
    assert told


def test_audit_and_refusals(tmp_path):
    site, work = begun(tmp_path)
    pause(site, work.run.id)
    with pytest.raises(ConflictError, match="paused already, by ann: wait for the backup"):
        pause(site, work.run.id)
    resume(site, work.run.id)
    with pytest.raises(ConflictError, match="is not paused"):
        resume(site, work.run.id)
    site.came(work, Outcome.FAILED)
    with pytest.raises(ConflictError, match="is over: failed"):
        pause(site, work.run.id)
    said = site.tx.all("SELECT who, what, detail FROM audit WHERE what LIKE '%run' ORDER BY id")
    assert said == [("ann", "pause run", "wait for the backup"), ("bob", "resume run", "it is there")]
