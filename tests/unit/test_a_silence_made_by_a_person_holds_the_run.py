import pytest
from fakes.small_site import RULES, SECOND, SmallSite, alert

from remediator.core.records import Outcome, Phase
from remediator.store import control

UNTIL = 1_000_000 * SECOND + 3600 * SECOND
ANNS = {"state": "silenced", "by": "ann", "comment": "deploying", "until": UNTIL, "silence": "5f1"}
CAUTIOUS = RULES.replace("    remedies:", '    diagnose:\n      - http.probe: {url: "http://127.0.0.1:9/health"}\n    remedies:')


def asked(tmp_path, text=RULES, **more):
    """A site whose Alertmanager can be asked, and a run that has got as far as asking it."""
    site = SmallSite.of(tmp_path, text, confirms=True, reporters=("slack",), **more)
    (work,) = site.admit(alert("shop", starts_at=site.now)).works
    while work.tasks[0].job.phase is not Phase.CONFIRM:
        work = site.came(work)
    return site, work


def row(site, run, columns):
    return site.tx.one(f"SELECT {columns} FROM run WHERE id = ?", run.id)


def locks(site):
    return site.tx.one("SELECT count(*) FROM lock")[0] + site.tx.one("SELECT count(*) FROM spent")[0]


def test_a_fresh_run_asks_before_its_first_change_and_acts_when_nobody_minds(tmp_path):
    site, work = asked(tmp_path)
    assert [task.job.phase for task in site.came(work, state="firing").tasks] == [Phase.ACT]


@pytest.mark.parametrize("said", [{"state": "resolved"}, {}])
def test_what_was_sent_just_now_fires_though_alertmanager_does_not_know_it(tmp_path, said):
    site, work = asked(tmp_path)
    came = site.came(work, **said) if said else site.came(work, Outcome.FAILED)
    assert [task.job.phase for task in came.tasks] == [Phase.ACT]


def test_nothing_is_asked_where_nobody_can_be(tmp_path):
    site = SmallSite.of(tmp_path)
    (work,) = site.admit(alert("shop", starts_at=site.now)).works
    assert [task.job.phase for task in work.tasks] == [Phase.ACT]


def test_it_says_whose_and_until_when_and_holds_nothing(tmp_path):
    site, work = asked(tmp_path)
    held = site.came(work, **ANNS)
    assert (held.held.guard, held.held.until) == ("silence", UNTIL)
    assert held.held.reason == "the alert is silenced by ann until 1970-01-12 14:46:40 UTC: deploying"
    assert f"remediator runs cancel {work.run.id}" in held.held.advice
    assert row(site, work.run, "status, held_by, held_until, reason, claimed") == ("held", "silence", UNTIL, held.held.said, -1)
    assert site.tx.one("SELECT verdict, guard, until FROM decision") == ("held", "silence", UNTIL)
    assert locks(site) == 0
    assert site.tx.one("SELECT count(*) FROM outbox WHERE telling = 'message'")[0] == 1


def look(site, run):
    work = site.begin(run.id)
    assert [(task.job.phase, task.job.key) for task in work.tasks] == [(Phase.CONFIRM, "0/confirm/again")]
    return work


def test_it_is_judged_again_when_the_silence_ends_and_looks_at_everything_anew(tmp_path):
    site, work = asked(tmp_path, CAUTIOUS)
    held = site.came(work, **ANNS)
    assert held.due <= UNTIL
    for _ in range(20):  # hours: nobody is called for what a person has silenced, and the journal does not grow
        site.tick(300)
        assert site.came(look(site, held.run), **ANNS, again=True).held is None
    assert row(site, work.run, "status")[0] == "held"
    assert site.tx.one("SELECT count(*) FROM step")[0] <= 3
    assert site.tx.one("SELECT count(*) FROM outbox")[0] == 1
    work = site.came(look(site, held.run), state="firing")
    phases = []
    while work.tasks and work.tasks[0].job.phase is not Phase.ACT:
        phases.append(work.tasks[0].job.phase)
        work = site.came(work, state="firing", holds=False)
    assert phases == [Phase.DIAGNOSE, Phase.CONFIRM]
    assert work.tasks[0].job.phase is Phase.ACT
    assert row(site, work.run, "held_by, held_scope") == ("", "")


@pytest.mark.parametrize("state", ["resolved", "inhibited"])
def test_it_is_over_when_the_alert_is(tmp_path, state):
    """No "resolved" is sent of an alert that is silenced."""
    site, work = asked(tmp_path)
    held = site.came(work, **ANNS)
    site.tick(300)
    assert site.came(look(site, held.run), state=state).finish.status == "cancelled"
    (again,) = site.admit(alert("shop", starts_at=site.now)).works  # and comes back as trouble of its own
    assert again.run.id != work.run.id


def test_while_nobody_can_be_asked_it_stays_silenced(tmp_path):
    site, work = asked(tmp_path)
    held = site.came(work, **ANNS)
    site.tick(4000)
    site.came(look(site, held.run), Outcome.FAILED)
    assert row(site, work.run, "status, held_by") == ("held", "silence")


def test_a_resend_has_it_judged_at_once(tmp_path):
    site, work = asked(tmp_path)
    site.came(work, **ANNS)
    assert site.admit(alert("shop", starts_at=site.now)).wake == [work.run.id]


def test_time_under_a_silence_does_not_count_as_held_too_long(tmp_path):
    site, work = asked(tmp_path)
    held = site.came(work, **ANNS)
    site.tick(7200)
    site.tx.run("INSERT INTO pause (scope, author, reason, until, at) VALUES ('global', 'ann', 'x', NULL, 0)")
    paused = site.came(look(site, held.run), state="firing")
    assert (paused.held.guard, paused.finish) == ("pause", None)


def test_one_that_only_observes_is_held_too(tmp_path):
    site, work = asked(tmp_path, RULES.replace("mode: auto", "mode: observe"))
    assert site.came(work, **ANNS).held.guard == "silence"


def test_a_yes_does_not_break_it(tmp_path):
    site, work = asked(tmp_path, RULES.replace("mode: auto", "mode: ask"))
    work = site.came(site.came(work, state="firing"))
    assert row(site, work.run, "status")[0] == "awaiting_approval"
    control.approve(site.tx, work.run.id, "bob", "go", "", site.now)
    work = site.begin(work.run.id)
    assert work.tasks[0].job.phase is Phase.CONFIRM
    assert site.came(work, **ANNS).held.guard == "silence"
    work = site.came(look(site, work.run), state="firing")
    while work.tasks[0].job.phase is not Phase.ACT:
        work = site.came(work, **({"state": "firing"} if work.tasks[0].job.phase is Phase.CONFIRM else {}))
    assert work.run.approved


def test_a_run_that_was_held_can_be_cancelled(tmp_path):
    site, work = asked(tmp_path)
    held = site.came(work, **ANNS)
    site.tx.run("UPDATE run SET cancelled_by = 'bob: no'")
    assert site.begin(held.run.id).finish.status == "cancelled"
