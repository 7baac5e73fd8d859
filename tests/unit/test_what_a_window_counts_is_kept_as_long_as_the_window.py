"""A throttle of one run in ninety days holds the second one on the eighty-ninth, whatever was deleted meanwhile."""

import asyncio

import pytest
from fakes.small_site import RULES, SECOND, SmallSite, alert

from remediator.actions.context import Clients
from remediator.core.limits import Throttle
from remediator.engine.advance import Engine
from remediator.engine.limits import Slots
from remediator.engine.set_back import SetBack
from remediator.engine.upkeep import SPENT_KEPT, Kept, delete, spent_kept, upkeep
from remediator.interfaces.metrics import Metrics

DAY = 86400
OLD = "limits: {cooldown: 5m, throttle: {max: 3, per: 1h}}"
LIMITS = {
    "throttle": "throttle: {max: 1, per: %s}",
    "budget": "budget: {max: 1, per: %s}",
    "repeats": "repeats: {max: 1, per: %s, then: stop}",
    "share": 'share: {percent: 50, of: "steps.nodes.status", per: %s}',
}
SITES = ("per_target", "per_namespace", "overall", "budget", "budget_per_namespace", "budget_per_cluster")


class AtOnce:
    """Does units at once."""

    def __init__(self, tx):
        self.tx = tx

    async def do(self, unit):
        return unit(self.tx)


class Hurried:
    """A clock of which each look costs a quarter of an hour."""

    def __init__(self, now):
        self._now = now

    def now(self):
        self._now += 900 * SECOND
        return self._now


def site_of(folder, kind, days):
    text = RULES.replace(OLD, "limits: {" + LIMITS[kind] % f"{days}d" + "}")
    looked = '    diagnose:\n      - {id: nodes, http.probe: {url: "http://127.0.0.1:9/nodes"}}\n'
    return SmallSite.of(folder, text.replace("    remedies:\n", f"{looked}    remedies:\n") if kind == "share" else text)


def let_through(site, service):
    """Let an alert come, and be over; return whether its run began to change something."""
    (work,) = site.admit(alert(service, starts_at=site.now)).works
    began = any(task.job.key.endswith("/act/0") for task in work.tasks)
    if began:
        site.came(work)
    site.admit(alert(service, firing=False))
    return began


@pytest.mark.parametrize("days", [30, 90, 1000])
@pytest.mark.parametrize(("kind", "second"), [("throttle", "a"), ("budget", "b"), ("repeats", "a")])
async def test_until_its_end(tmp_path, kind, second, days):
    site = site_of(tmp_path, kind, days)
    assert let_through(site, "a")
    site.tick((days - 1) * DAY)
    await delete(AtOnce(site.tx), site.now, Kept(30.0 * DAY, 1000), spent_kept(site.site))
    assert not let_through(site, second)


@pytest.mark.parametrize("kind", ["throttle", "budget", "repeats"])
async def test_and_not_for_ever(tmp_path, kind):
    site = site_of(tmp_path, kind, 30)
    assert let_through(site, "a")
    site.tick(33 * DAY)
    await delete(AtOnce(site.tx), site.now, Kept(30.0 * DAY, 1000), spent_kept(site.site))
    for table in ("spent", "touched", "remedied"):
        assert site.tx.all(f"SELECT * FROM {table}") == []
    assert let_through(site, "a")


@pytest.mark.parametrize("kind", LIMITS)
def test_every_limit_of_a_rule_counts(tmp_path, kind):
    assert spent_kept(site_of(tmp_path, kind, 1).site) == SPENT_KEPT
    assert spent_kept(site_of(tmp_path, kind, 90).site) == 90 * DAY * SECOND


@pytest.mark.parametrize("name", SITES)
def test_every_limit_of_the_site_counts(tmp_path, name):
    site = SmallSite.of(tmp_path)
    site.limited(**{name: Throttle(1, 90.0 * DAY)})
    assert spent_kept(site.site) == 90 * DAY * SECOND


async def test_the_upkeep_asks_for_it(store, tmp_path):
    site = site_of(tmp_path, "throttle", 90)
    clock = Hurried(1000 * DAY * SECOND)
    engine = Engine(store, clock, Slots(1, 1), Metrics(), session=None, clients=Clients(), connections={})
    engine.site = site.site
    kept, gone = clock.now() - 89 * DAY * SECOND, clock.now() - 91 * DAY * SECOND
    rows = [("rule a", 1, gone, "r1"), ("rule a", 2, kept, "r2")]
    await store.do(lambda tx: tx.many("INSERT INTO spent (scope, n, at, run) VALUES (?,?,?,?)", rows))
    task = asyncio.create_task(upkeep(store, engine, clock, Kept(30.0 * DAY, 1000), SetBack()))
    try:
        async with asyncio.timeout(10):
            while (left := await store.read(lambda tx: tx.all("SELECT run FROM spent"))) == [("r1",), ("r2",)]:
                await asyncio.sleep(0.01)
        assert left == [("r2",)]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_a_rule_that_is_away_for_a_while_has_its_month(tmp_path):
    site = SmallSite.of(tmp_path, "rules: []")
    assert spent_kept(site.site) >= 31 * DAY * SECOND
