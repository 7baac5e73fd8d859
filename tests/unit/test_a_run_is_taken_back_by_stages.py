"""The end of what a run did is taken back: from a step, a stage or a remedy on, or the last N. The rest another time."""

import pytest
from fakes.small_site import SmallSite, alert
from test_a_run_is_taken_back import done, make

from remediator.core.records import Outcome
from remediator.core.transitions import FINAL
from remediator.core.undo_part import UndoPart
from remediator.engine.clock import new_id
from remediator.errors import ConflictError, NotFoundError
from remediator.interfaces.markdown import to_markdown
from remediator.interfaces.report import compose
from remediator.store import control, journal, undo


def asked(site, run, **part):
    return undo.asked_for(site.tx, run, "ann", "too many", site.now, new_id, UndoPart(**part))


def carried(site, run):
    """Return the counts that were taken back, in order."""
    counts, work = [], site.begin(run)
    while work.tasks:
        counts.append(work.tasks[0].intent.parameters.replicas)
        work = site.came(work)
    assert work.finish.status in FINAL
    return counts


@pytest.mark.parametrize(
    ("part", "back"),
    [
        ({"last": 1}, [8]),
        ({"last": 2}, [8, 4]),
        ({"stage": "full size"}, [8]),
        ({"stage": "half size"}, [8, 4]),
        ({"step": "whole"}, [8]),
        ({"step": "look"}, [8, 4]),
        ({"remedy": "scale out"}, [8, 4]),
        ({}, [8, 4]),
    ],
)
def test_the_end_goes_back(tmp_path, part, back):
    site, over = done(tmp_path, stages=True)
    (made,) = asked(site, over.run.id, **part)
    assert carried(site, made.run) == back


@pytest.mark.parametrize("part", [{"last": 1}, {}])
def test_of_a_run_that_has_changed_nothing_it_is_said_in_words(tmp_path, part):
    site = SmallSite.of(tmp_path)
    work = site.came(site.admit(alert("a")).works[0], Outcome.FAILED)
    with pytest.raises(ConflictError, match=rf"^run {work.run.id} has changed nothing that is still to be taken back$"):
        asked(site, work.run.id, **part)


def test_the_rest_stays_and_can_go_back_later(tmp_path):
    site, over = done(tmp_path, stages=True)
    (made,) = asked(site, over.run.id, stage="full size")
    assert carried(site, made.run) == [8]
    reason = site.tx.one("SELECT reason FROM run WHERE id = ?", made.run)[0]
    assert reason.endswith('from the stage "full size" on; the rest stays')
    said = to_markdown(compose(journal.view(site.tx, over.run.id)))
    assert f"taken back by run `{made.run}`" in said or f"taken back by run {made.run}" in said
    assert carried(site, make(site, over.run.id)) == [4]
    with pytest.raises(ConflictError, match="was taken back by run"):
        make(site, over.run.id)


def test_a_name_that_is_none_tells_those_that_are(tmp_path):
    site, over = done(tmp_path, stages=True)
    with pytest.raises(NotFoundError, match='no stage "ful size"; what it has done: half size, full size'):
        asked(site, over.run.id, stage="ful size")


def test_what_lasts_for_some_time_loses_only_that_part(tmp_path):
    site, over = done(tmp_path, lasts="30m", stages=True)
    (timed,) = over.made
    site.begin(timed.run)
    site.tick(600)
    made, later = asked(site, over.run.id, last=1)
    assert carried(site, made.run) == [8]
    assert site.begin(timed.run).finish.status == "cancelled"
    assert not site.begin(later.run).tasks
    site.tick(1200)
    assert carried(site, later.run) == [4]


def test_a_run_that_is_given_up_half_way_takes_back_what_it_did(tmp_path):
    site, work = done(tmp_path, stages=True, until="half")
    control.cancel(site.tx, work.run.id, "ann", "it gets worse", site.now, take_back=True)
    work = site.came(work)  # what was in flight ends first
    assert work.finish.status == "cancelled"
    assert carried(site, work.made[0].run) == [4]


def test_a_paused_run_is_given_up_at_once(tmp_path):
    site, work = done(tmp_path, stages=True, until="half")
    control.pause_run(site.tx, work.run.id, "ann", "look", site.now)
    site.came(work)
    control.cancel(site.tx, work.run.id, "ann", "it gets worse", site.now, take_back=True)
    work = site.begin(work.run.id)
    assert carried(site, work.made[0].run) == [4]


def test_given_up_without_that_everything_stays(tmp_path):
    site, work = done(tmp_path, stages=True, until="half")
    control.cancel(site.tx, work.run.id, "ann", "enough", site.now)
    assert not site.came(work).made


def test_an_undo_cannot_be_given_up_with_an_undo(tmp_path):
    site, over = done(tmp_path, stages=True)
    (made,) = asked(site, over.run.id)
    with pytest.raises(ConflictError, match="can be done by hand"):
        control.cancel(site.tx, made.run, "ann", "no", site.now, take_back=True)


def test_a_run_that_takes_back_can_be_paused(tmp_path):
    site, over = done(tmp_path, stages=True)
    (made,) = asked(site, over.run.id)
    work = site.begin(made.run)
    control.pause_run(site.tx, made.run, "ann", "look", site.now)
    assert not site.came(work).tasks
    control.resume_run(site.tx, made.run, "ann", "on", site.now)
    assert carried(site, made.run) == [4]
