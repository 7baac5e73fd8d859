"""Which guard, why, until when, and what a person can do: in the run, its decision, report, API, command line, metrics."""

import asyncio
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import web
from click.testing import CliRunner
from fakes.small_site import RULES, SECOND, SmallSite, alert
from msgspec.structs import replace
from typer.main import get_command

from remediator.cli.runs import application
from remediator.core.breaker import BreakerState
from remediator.core.guards import Envelope
from remediator.core.limits import Storm
from remediator.core.records import Phase
from remediator.core.scopes import SiteLimits
from remediator.engine.clock import SystemClock
from remediator.engine.pause_file import PauseFile
from remediator.interfaces.metrics import Metrics
from remediator.interfaces.report_lines import show_time
from remediator.interfaces.web.api import Api
from remediator.store import control

COMMANDS = get_command(application)
ROOT = Path(__file__).parents[2]


def held(text=RULES, before=lambda _: None, service="web", name="Down", **more):
    """A site in which something was done before, and the run that comes then."""

    def make(tmp_path):
        site = SmallSite.of(tmp_path, text, reporters=("slack",), **more)
        before(site)
        return site, come(site, service, name)

    return make


def come(site, service, name="Down"):
    work = site.admit(alert(service, name=name, starts_at=site.now)).works[0]
    while work.tasks and work.tasks[0].job.phase in (Phase.CONFIRM, Phase.DIAGNOSE, Phase.PREVIEW):
        said = {"state": "silenced", "by": "ann", "until": site.now + 60 * SECOND} if work.tasks[0].job.phase is Phase.CONFIRM else {}
        work = site.came(work, **said)
    return work


def runs(*services, done=True, name="Down", then=0.0):
    def before(site):
        for service in services:
            work = come(site, service, name)
            if done and work.tasks:
                site.came(work)
            site.tick(1)
        site.tick(then)

    return before


def broken(key, state=BreakerState.OPEN):
    def before(site):
        site.tx.run(
            "INSERT INTO breaker (key, state, failures, until, trials, total, failed, updated_at) VALUES (?,?,5,?,0,5,5,0)",
            key, state, site.now + 60 * SECOND,
        )  # fmt: skip

    return before


def again(site):
    runs("web")(site)
    site.admit(alert("web", firing=False))
    site.tick(300)


def dependent(site):
    site.admit(alert("db", name="DatabaseDown", starts_at=site.now))


def rule(more, *, limits="cooldown: 5m, throttle: {max: 3, per: 1h}"):
    return RULES.replace("    limits: {cooldown: 5m, throttle: {max: 3, per: 1h}}", f"    limits: {{{limits}}}{more}")


NIGHT = "\ntime_intervals: [{name: night, time_intervals: [{times: [{start_time: '00:00', end_time: '00:01'}]}]}]\n"
HOLDS = {
    "pause": held(before=lambda site: control.pause(site.tx, "global", "ann", "a deploy", site.now + SECOND, site.now)),
    "storm": held(before=runs("a", "b", "c", name="Slow"), limits=SiteLimits(storm=Storm(2, 60.0))),
    "breaker": held(before=broken("backend:http/127.0.0.1:9")),
    "dependency": held(rule("\n    inhibited_by: [{source_matchers: [alertname = DatabaseDown]}]"), dependent),
    "window": held(rule("\n    active_time_intervals: [night]") + NIGHT),
    "lock": held(before=runs("web", done=False), name="Slow"),
    "cooldown": held(before=runs("web"), name="Slow"),
    "throttle": held(rule("", limits="throttle: {max: 1, per: 1h}"), runs("other")),
    "budget": held(rule("", limits="budget: {max: 1, per: 1h}"), runs("other")),
    "order": held(rule("", limits="throttle: {max: 1, per: 1h}"), runs("other", "older", then=3600)),
    "for": held(rule("\n    for: 5m")),
    "silence": held(confirms=True),
}


def one_paused(tmp_path):
    """One run that a person has paused before it changed anything."""
    site = SmallSite.of(tmp_path, rule("\n    for: 1s"), reporters=("slack",))
    run = site.admit(alert("web", starts_at=site.now)).works[0].run
    control.pause_run(site.tx, run.id, "ann", "a deploy", site.now)
    site.tick(1)
    return site, site.begin(run.id)


def by_file(tmp_path):
    """Everything is paused by the pause file, as its watcher does it."""
    site = SmallSite.of(tmp_path, reporters=("slack",))
    (tmp_path / "PAUSE").write_text("a deploy")
    engine = SimpleNamespace(site=site.site)
    PauseFile(engine, tmp_path / "PAUSE", SystemClock()).look()
    site.site = engine.site
    return site, come(site, "web")


WAYS = {"pause of one run": one_paused, "pause by a file": by_file}
LOWERS = {
    "breaker": held(before=broken("rule:restart")),
    "loop": held(rule("", limits=""), again, limits=SiteLimits(loop_guard=600.0)),
    "repeats": held(rule("", limits="repeats: {max: 1, per: 1w, then: stop}"), again),
}


def refused(text=RULES, before=lambda _: None, **more):
    def make(tmp_path):
        site = SmallSite.of(tmp_path, text, reporters=("slack",), **more)
        before(site)
        return site, site.admit(alert("web", starts_at=site.now - 7200 * SECOND)).works

    return make


def without_intervals(site):
    site.site = replace(site.site, table=replace(site.site.table, intervals={}))


REFUSES = {
    "envelope": refused(envelope=Envelope(("http/**",))),
    "window": refused(rule("\n    active_time_intervals: [night]") + NIGHT, without_intervals),
    "stale": refused(rule("\n    max_age: 1h")),
    "parameters": refused(RULES.replace("labels.service", "labels.pod")),
    "target": refused(RULES.replace("target: host/{{ params.service }}", "target: host/{{ labels.odd | default('') }}")),
}


class Store:
    """Does units at once, on whatever site is looked at."""

    tx = None

    async def do(self, unit):
        return unit(self.tx)

    read = do


@pytest.fixture
async def api():
    """The operator's API on loopback; returns its store and its address."""
    store = Store()
    served = web.Application()
    served.add_routes(Api(store, SystemClock(), lambda *_: None, lambda _: None, lambda _: None).routes())
    runner = web.AppRunner(served, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield store, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def asked(api, site, *arguments):
    """What ``remediator runs`` prints of this site; Markdown's code spans aside."""
    store, url = api
    store.tx = site.tx
    result = await asyncio.to_thread(CliRunner().invoke, COMMANDS, [*arguments, "--url", url])
    assert result.exit_code == 0, result.output
    return result.output.replace("`", "")


def decision(site, run):
    return site.tx.one("SELECT verdict, guard, reason, until FROM decision WHERE run = ?", run)


@pytest.mark.parametrize("way", [*HOLDS, *WAYS])
async def test_a_hold(tmp_path, api, way):
    guard, (site, work) = way.partition(" ")[0], (HOLDS | WAYS)[way](tmp_path)
    hold, run = work.held, work.run.id
    assert (hold.guard, bool(hold.advice)) == (guard, True)
    assert hold.said == f"{hold.reason}; {hold.advice}"
    document = json.loads(await asked(api, site, "show", run, "--json"))
    assert (document["held_by"], document["reason"], document["held_until"]) == (guard, hold.said, hold.until)
    assert decision(site, run) == ("held", guard, hold.said, hold.until)
    report = await asked(api, site, "show", run)
    assert hold.said in report
    assert f"**Held by:** {guard}" in report
    assert "It is judged again by itself." not in report  # there is better to be said of each
    line = next(line for line in (await asked(api, site, "list")).splitlines() if run in line)
    assert f"[{guard}" in line
    if hold.until is not None:
        assert show_time(hold.until) in report
        assert " until " in line
    metrics = Metrics()
    metrics.held(hold.guard, work.run.plan.rule)
    assert metrics.registry.get_sample_value("remediator_holds_total", {"guard": guard, "rule": work.run.plan.rule}) == 1


@pytest.mark.parametrize("guard", LOWERS)
async def test_a_lowered_mode(tmp_path, api, guard):
    site, work = LOWERS[guard](tmp_path)
    run = work.run.id
    document = json.loads(await asked(api, site, "show", run, "--json"))
    mode, why = document["effective_mode"], document["mode_reason"]
    assert mode != "auto"
    assert why.startswith(f"{guard}: ")
    verdict, by, reason, _ = decision(site, run)
    assert (verdict, by, reason) == ("run", guard, f"lowered to {mode}: {why.removeprefix(f'{guard}: ')}")
    assert why in await asked(api, site, "show", run)


@pytest.mark.parametrize("guard", REFUSES)
async def test_a_refusal(tmp_path, api, guard):
    site, works = REFUSES[guard](tmp_path)
    verdict, by, reason, run = site.tx.one("SELECT verdict, guard, reason, run FROM decision")
    assert (verdict, by) == ("refused", guard)
    assert "; " in reason  # what a person can do
    if not works:  # there is no run: the decision is all there is, and the API lists it
        assert run is None
        return
    assert (works[0].refused.guard, works[0].refused.said) == (guard, reason)
    document = json.loads(await asked(api, site, "show", run, "--json"))
    assert (document["status"], document["reason"]) == ("refused", reason)
    assert reason in await asked(api, site, "show", run)


def test_none_is_left_out():
    table = (ROOT / "docs" / "concepts.md").read_text().partition("## Guards")[2].partition("Before that")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) | {"for"} == HOLDS.keys() | LOWERS.keys() | {"envelope"}
