"""Of a run that somebody has paused and nobody has thought of since people are reminded, once for each pause."""

import pytest
from fakes.small_site import SmallSite, alert
from msgspec.structs import replace

from remediator.engine import upkeep
from remediator.interfaces.markdown import to_markdown
from remediator.interfaces.report import compose
from remediator.store import control, journal

DAY = 86400


class Store:
    """Does units at once."""

    def __init__(self, tx):
        self.tx = tx

    async def do(self, unit):
        return unit(self.tx)

    read = do


class Engine:
    """What upkeep needs of one."""

    def __init__(self, site):
        self.site, self.told = site, 0

    def on_told(self):
        self.told += 1


@pytest.fixture
def paused(tmp_path):
    """A site, and a run that was paused there half-way."""
    site = SmallSite.of(tmp_path, reporters=("slack",))
    (work,) = site.admit(alert("shop", starts_at=site.now)).works
    control.pause_run(site.tx, work.run.id, "ann", "wait for the backup", site.now)
    return site, work.run.id


async def reminded(site, seconds):
    """Let time pass; return for which runs people are called then."""
    site.tick(seconds)
    site.tx.run("DELETE FROM outbox")
    await upkeep.remind(Store(site.tx), Engine(site.site), site.now)
    return [run for (run,) in site.tx.all("SELECT run FROM outbox WHERE telling = 'escalation'")]


async def test_after_a_day_and_once(paused):
    site, run = paused
    assert await reminded(site, DAY - 1) == []
    assert await reminded(site, 1) == [run]
    assert await reminded(site, 10 * DAY) == []
    shown = to_markdown(compose(journal.view(site.tx, run)))
    assert "a person is needed: it has been paused since 1970-01-12" in shown
    assert f"remediator runs resume {run}" in shown


async def test_a_new_pause_is_a_new_day(paused):
    site, run = paused
    await reminded(site, DAY)
    control.resume_run(site.tx, run, "bob", "go on", site.now)
    assert await reminded(site, DAY) == []
    control.pause_run(site.tx, run, "bob", "no, wait", site.now)
    assert await reminded(site, DAY - 1) == []
    assert await reminded(site, 1) == [run]


async def test_also_when_people_were_called_before_the_pause(tmp_path):
    site = SmallSite.of(tmp_path, reporters=("slack",))
    (work,) = site.admit(alert("shop", starts_at=site.now)).works
    site.tx.run("UPDATE run SET called = 1")  # it was held for too long
    control.pause_run(site.tx, work.run.id, "ann", "wait for the backup", site.now)
    assert await reminded(site, DAY) == [work.run.id]


async def test_not_of_what_is_over(paused):
    site, run = paused
    control.cancel(site.tx, run, "bob", "no more", site.now)
    site.came(site.begin(run))
    assert site.status(run) == "cancelled"
    assert await reminded(site, DAY) == []


@pytest.mark.parametrize(("pause_max", "called"), [(60.0, True), (0.0, False)])
async def test_as_the_settings_say(paused, pause_max, called):
    site, run = paused
    site.site = replace(site.site, pause_max=pause_max)
    assert await reminded(site, 60) == [run] * called


async def test_somebody_is_told_at_once(paused):
    site, _ = paused
    site.tick(DAY)
    engine = Engine(site.site)
    await upkeep.remind(Store(site.tx), engine, site.now)
    assert engine.told == 1
