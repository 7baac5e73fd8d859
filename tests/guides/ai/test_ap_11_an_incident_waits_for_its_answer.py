"""Nobody answers: the ladder of the incident's level is climbed, rung by rung, on virtual time, over a restart. Somebody
acknowledges, or it is over: nobody else is told. Real Alertmanager: people read of it there, with whom it is for."""

import asyncio
import contextlib
from pathlib import Path

import aiohttp
import pytest
from fakes.prometheus_servers import post_alert, start_alertmanager

from remediator.core.alert import Alert
from remediator.core.durations import SECOND
from remediator.core.reporting import Telling
from remediator.interfaces.configuration import read_settings
from remediator.interfaces.rule_files import load_rules
from remediator.rehearsal import World
from remediator.rehearsal.answers import Answers
from remediator.rehearsal.history import make_rows
from remediator.rehearsal.world import START
from remediator.store import control

ROWS = ("AP-11",)
BACKENDS = {"alertmanager": "real"}
ROOT = Path(__file__).parents[3]
RULES = load_rules(["ai-platform.yaml"], ROOT / "rules").table
SETTINGS = read_settings(ROOT / "config/remediator.yml")[0]  # with the ladders that are shipped
MINUTE, HOUR = 60, 3600
NAMES = ("on-call", "team lead", "engineering manager", "VP engineering")
#: When whom is told, seconds after the alert; people at large are told at once.
LADDERS = {
    "1": (0, 15 * MINUTE, HOUR, 4 * HOUR, 24 * HOUR),
    "2": (0, HOUR, 2 * HOUR, 5 * HOUR, 25 * HOUR),
    "3": (0, 4 * HOUR, 5 * HOUR, 8 * HOUR, 28 * HOUR),
    "4": (0, 24 * HOUR, 25 * HOUR, 28 * HOUR, 48 * HOUR),
}
STEP = 5 * MINUTE


class Passing:
    """The daemon in virtual time, ended and started again as often as a test likes; the rows are what stays."""

    def __init__(self, stack):
        self.rows = stack.enter_context(contextlib.closing(make_rows()))
        self.now, self.told, self.alert = START, [], None
        stack.callback(lambda: self.world.close())
        self.start()

    def start(self):
        self.world = World(RULES, SETTINGS, stand_in=Answers(({},)).stand_in, start=self.now, rows=self.rows)

    def restart(self):
        self.world.close()
        self.start()

    def fires(self, sev):
        labels = {"alertname": "AIIncident", "platform": "ai", "severity": "critical", "sev": sev}
        self.alert = Alert("incident", True, labels, {}, self.now, None)
        self.world.post([self.alert])
        self.listen()
        return next(story.view for story in self.world.runs() if story.view.plan.rule.startswith("AP-11"))

    def is_over(self):
        self.world.post([Alert("incident", False, self.alert.labels, {}, self.alert.starts_at, self.now)])

    def until(self, seconds):
        """Let time pass as upkeep sees it; note who is told when."""
        while self.now < START + seconds * SECOND:
            self.now += STEP * SECOND
            self.world.run_until(self.now)
            self.world.upkeep()
            self.listen()

    def listen(self):
        calls = [one for one in self.world.reporter.told if one.telling is Telling.ESCALATION]
        self.told += [((self.now - START) // SECOND, one.topic) for one in calls]
        self.world.reporter.told.clear()


@pytest.fixture
def passing():
    with contextlib.ExitStack() as stack:
        yield Passing(stack)


@pytest.mark.parametrize("sev", LADDERS)
def test_each_level_climbs_its_ladder(passing, sev):
    shown = passing.fires(sev)
    assert (str(shown.status), shown.plan.escalate) == ("escalated", f"sev-{sev}")
    passing.until(50 * HOUR)
    assert passing.told == list(zip(LADDERS[sev], ("", *NAMES), strict=True))


def test_a_restart_neither_skips_nor_repeats_a_rung(passing):
    passing.fires("1")
    for end in (10 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 30 * HOUR):
        passing.until(end)
        passing.restart()
    passing.until(50 * HOUR)
    assert passing.told == list(zip(LADDERS["1"], ("", *NAMES), strict=True))


def test_rungs_that_came_due_while_it_was_away_are_told_once_it_is_back(passing):
    passing.fires("1")
    passing.until(20 * MINUTE)
    passing.now += 4 * HOUR * SECOND  # switched off all that time
    passing.restart()
    passing.until(5 * HOUR)
    at = 4 * HOUR + 25 * MINUTE
    assert passing.told[2:] == [(at, "team lead"), (at, "engineering manager")]


def test_nobody_else_once_somebody_has_acknowledged(passing):
    run = passing.fires("2")
    passing.until(90 * MINUTE)
    passing.world.change(lambda tx: control.acknowledge(tx, run.id, "anna", "I look after it", passing.now))
    passing.restart()
    passing.until(50 * HOUR)
    assert [who for _, who in passing.told] == ["", "on-call"]
    (again,) = [story.view for story in passing.world.runs() if story.view.id == run.id]
    assert (again.acknowledged_by, again.rungs) == ("anna", ())


def test_nobody_else_once_it_is_over(passing):
    passing.fires("1")
    passing.until(2 * HOUR)
    passing.is_over()
    passing.until(50 * HOUR)
    assert [who for _, who in passing.told] == ["", "on-call", "team lead"]


async def alerts_of_ours(session, url):
    """Return the alert about the run, as soon as Alertmanager has it."""
    async with asyncio.timeout(10):
        while True:
            async with session.get(f"{url}/api/v2/alerts", params={"filter": 'alertname="RemediatorRunNeedsAttention"'}) as answer:
                if found := await answer.json():
                    return found[0]
            await asyncio.sleep(0.05)


async def test_people_read_of_it_at_a_real_alertmanager(platform, tmp_path):
    incident = {"alertname": "AIIncident", "platform": "ai", "sev": "1", "severity": "critical"}
    async with start_alertmanager(tmp_path) as alertmanager, aiohttp.ClientSession() as session:
        platform.connections["alertmanager"]["default"] = {"url": alertmanager.url}
        await post_alert(alertmanager.url, incident)
        async with platform.up() as daemon:
            await daemon.alert(**incident)
            run = next(run["id"] for run in await daemon.api("runs") if run["rule"].startswith("AP-11"))
            await daemon.ends(run, "escalated")
            await daemon.api(f"runs/{run}/acknowledge", {"who": "anna", "reason": "I look after it"})
            report = await daemon.report(run)
            called = await alerts_of_ours(session, alertmanager.url)
    assert "firing=1" in report  # what it looked at before it called
    assert "**Taken over by:** anna" in report
    assert run in str(called)
