import pytest
from fakes.small_site import RULES, SECOND, SmallSite, alert, table_of
from msgspec.structs import replace

from remediator.core.alert import Standing
from remediator.core.records import Outcome, Phase
from remediator.core.reporting import SILENCES, Message, Telling
from remediator.engine.conclude import abandon
from remediator.engine.silences import EndsSilences
from remediator.errors import AmbiguousError, ConfigurationError, TemporaryError
from remediator.interfaces.rule_files import load_rules
from remediator.store import control, journal

QUIET = RULES.replace("limits: {cooldown: 5m, throttle", "silence: while_working\n    limits: {cooldown: 5m, throttle")
VERIFIED = QUIET.replace("escalate: sev-2", 'timeout: 10m\n    verify: {all: [{http.probe: {url: "http://127.0.0.1:9/health"}}]}')


def working(tmp_path, text=QUIET, quiet_for=3600.0, **more):
    """A site at whose Alertmanager alerts can be silenced, and a run that is just about to act."""
    site = SmallSite.of(tmp_path, text, quiet_for=quiet_for, **more)
    (work,) = site.admit(alert("shop", starts_at=site.now)).works
    while work.tasks and work.tasks[0].job.phase in (Phase.BASELINE, Phase.CONFIRM):
        work = site.came(work, holds=False)
    return site, work


def phase(work):
    return work.tasks[0].job.phase


def owed(site):
    return site.tx.all("SELECT run FROM outbox WHERE reporter = ?", SILENCES)


def test_before_its_first_change_and_after_its_claim(tmp_path):
    site, work = working(tmp_path)
    assert (phase(work), work.run.claimed) == (Phase.SILENCE, 0)
    assert site.tx.one("SELECT count(*) FROM lock")[0] == 1
    work = site.came(work, silence="5f1")
    assert phase(work) is Phase.ACT
    assert owed(site) == []
    site.came(work)
    assert owed(site) == [(work.run.id,)]  # over: it is ended by us


@pytest.mark.parametrize(("text", "quiet_for"), [(RULES, 3600.0), (QUIET, 0.0)])
def test_only_where_the_rule_says_so_and_there_is_an_alertmanager(tmp_path, text, quiet_for):
    _, work = working(tmp_path, text, quiet_for)
    assert phase(work) is Phase.ACT


@pytest.mark.parametrize(("quiet_for", "ends"), [(3600.0, 600), (60.0, 60)])
def test_it_ends_with_the_runs_time_at_the_latest(tmp_path, quiet_for, ends):
    site, work = working(tmp_path, VERIFIED, quiet_for)
    assert work.tasks[0].intent.parameters.ends_at == site.now + ends * SECOND


def test_after_a_crash_it_is_the_same_one(tmp_path):
    site, work = working(tmp_path)
    site.slots.release(work.run.id)
    site.tick(30)
    again = site.begin(work.run.id)
    assert again.tasks[0].job.key == work.tasks[0].job.key
    assert again.tasks[0].intent == work.tasks[0].intent


def test_a_run_that_dies_owes_its_end_though_nobody_knows_whether_it_was_made(tmp_path):
    site, work = working(tmp_path)
    abandon(site.tx, work.run.id, "a defect", site.site, site.now)
    assert owed(site) == [(work.run.id,)]


def test_what_cannot_be_silenced_is_remedied_all_the_same(tmp_path):
    site, work = working(tmp_path)
    assert phase(site.came(work, Outcome.FAILED)) is Phase.ACT


def test_what_stays_loud_owes_nothing(tmp_path):
    site, work = working(tmp_path)
    work = site.came(work, not_silenced='severity "critical" is never silenced')
    site.came(work)
    assert owed(site) == []


def test_while_it_waits_for_people_the_alert_is_heard(tmp_path):
    other = """      - name: start another
        mode: ask
        steps:
          - http.request: {url: "http://127.0.0.1:9/start", method: POST}
    escalate: sev-2"""
    site, work = working(tmp_path, QUIET.replace("    escalate: sev-2", other))
    work = site.came(site.came(work, silence="5f1"), Outcome.FAILED)
    assert phase(work) is Phase.PREVIEW
    assert owed(site) == []
    site.came(work)
    assert site.status(work.run.id) == "awaiting_approval"
    assert owed(site) == [(work.run.id,)]
    control.approve(site.tx, work.run.id, "ann", "go", "", site.now)
    work = site.came(site.begin(work.run.id))
    assert (phase(work), work.tasks[0].job.key) == (Phase.SILENCE, "1/silence/alert")  # it works again


def test_one_that_is_held_at_the_last_moment_silences_again_when_it_goes_on(tmp_path):
    night = "active_time_intervals: [night]\n    silence"
    times = "\ntime_intervals: [{name: night, time_intervals: [{times: [{start_time: '13:46', end_time: '13:47'}]}]}]\n"
    site, work = working(tmp_path, QUIET.replace("silence", night) + times)  # it is 13:46:40
    site.tick(30)
    held = site.came(work, silence="5f1")
    assert held.held.guard == "window"
    assert owed(site) == [(work.run.id,)]
    site.now = held.held.until
    site.tx.run("UPDATE run SET waiting_since = ?", site.now)
    confirmed = site.came(site.begin(work.run.id), state="firing")
    assert phase(confirmed) is Phase.SILENCE


def test_a_rule_that_says_so_no_longer_silences_nothing_more(tmp_path):
    site, work = working(tmp_path, QUIET.replace("mode: auto", "mode: ask", 1))
    assert phase(work) is Phase.PREVIEW
    site.came(work)
    site.site = replace(site.site, table=table_of(RULES, tmp_path))
    control.approve(site.tx, work.run.id, "ann", "go", "", site.now)
    work = site.came(site.begin(work.run.id))
    assert phase(work) is Phase.ACT


class Alertmanager:
    """Has the state that it is told, and remembers what it was asked to end."""

    def __init__(self, state="firing"):
        self.state, self.ended = state, []

    async def state_of(self, _labels, _context):
        return Standing(self.state)

    async def loud_again(self, labels, ends, _context):
        if self.state == "away":
            raise AmbiguousError("no answer")
        self.ended.append((labels["service"], ends))


class Store:
    """Does units at once."""

    def __init__(self, tx):
        self.tx = tx

    async def do(self, unit):
        return unit(self.tx)


def ender(site, alertmanager):
    clock = type("Clock", (), {"now": lambda _: site.now})()
    ends = EndsSilences(alertmanager, Store(site.tx), clock, lambda _: None, lambda *_: None)
    return lambda run: ends.tell(Message(journal.view(site.tx, run.id), Telling.MESSAGE))


async def test_an_alert_that_went_while_it_was_silenced_comes_back_as_new_trouble(tmp_path):
    """Alertmanager sends no "resolved" of it."""
    for state, trouble in (("resolved", 2), ("firing", 1)):
        site, work = working(tmp_path)
        alertmanager = Alertmanager(state)
        end = ender(site, alertmanager)
        work = site.came(work, silence="5f1")
        assert await end(work.run) is None
        assert alertmanager.ended == []  # it works
        site.came(work)
        await end(work.run)
        assert alertmanager.ended == [("shop", (site.now + 3600 * SECOND,))]
        site.tick(200)
        site.admit(alert("shop", starts_at=site.now))
        assert site.tx.one("SELECT count(*) FROM run")[0] == trouble


async def test_what_cannot_be_ended_is_tried_until_it_has_ended_by_itself(tmp_path):
    site, work = working(tmp_path)
    end = ender(site, Alertmanager("away"))
    site.came(site.came(work))
    with pytest.raises(TemporaryError):
        await end(work.run)
    site.tick(2 * 3600 + 1)
    assert await end(work.run) is None


def test_a_rule_that_wants_it_needs_an_alertmanager(tmp_path):
    (tmp_path / "rules.yaml").write_text(QUIET)
    with pytest.raises(ConfigurationError) as wrong:
        load_rules(["rules.yaml"], tmp_path, {})
    (problem,) = wrong.value.problems
    assert "no Alertmanager" in problem.message
    assert problem.line == 8
    assert load_rules(["rules.yaml"], tmp_path, {"alertmanager": {"default": object()}}).table.rules
