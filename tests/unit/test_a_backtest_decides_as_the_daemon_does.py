"""A replay of random histories leads to the runs, holds and ends that the rehearsed daemon comes to."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from remediator import logs
from remediator.app.site import envelope_of, site_of
from remediator.core.alert import Alert
from remediator.core.durations import SECOND
from remediator.core.rules import RuleTable
from remediator.interfaces.rule_files import load_rules
from remediator.rehearsal import World
from remediator.rehearsal.answers import Answers
from remediator.rehearsal.backtest.replay import Replay
from remediator.rehearsal.backtest.tally import Tally
from remediator.rehearsal.documents import AnswerText, SettingsText

LOADED = load_rules(["pack.yaml"], Path(__file__).parent / "backtest_rules").table
#: Where a guard has a run ask, the daemon asks its guards again after each look that follows; a replay asks once.
#: So loop_guard stands only where no limit is short. Whom nobody answers waits to the end: a World has nobody.
TABLE = RuleTable.of(
    tuple(replace(rule, text=rule.text.model_copy(update={"approval_timeout": 30 * 86400.0})) for rule in LOADED.rules),
    LOADED.revision, LOADED.intervals,
)  # fmt: skip
START = 1_767_571_200 * SECOND
ENDS = {
    "unverified": "acted", "cancelled": "cancelled", "observed": "observed", "escalated": "escalated", "expired": "expired",
    "refused": "refused", "awaiting_approval": "asking", "held": "held", "acting": "acting", "diagnosing": "acting",
}  # fmt: skip
LIMITS = (
    {},
    {
        "per_target": {"max": 2, "per": "40m"}, "overall": {"max": 3, "per": "20m"}, "budget": {"max": 3, "per": "30m"},
        "storm": {"max": 4, "per": "1m", "calm": "3m"}, "flapping": {"max": 1, "per": "20m", "quiet": "15m"},
        "loop_guard": "0s", "grace": "1m",
    },
    {
        "per_target": None, "per_namespace": {"max": 2, "per": "15m"}, "overall": None, "budget": None, "loop_guard": "0s",
        "budget_per_namespace": {"max": 1, "per": "10m"}, "storm": None, "flapping": None, "hold_max": "10m", "stale": "1h",
    },
)  # fmt: skip


def sites():
    return [SettingsText.model_validate({"limits": limits}).settings() for limits in LIMITS]


NAMES = ["Down", "Slow", "Space", "Cause", "Burst", "Again", "Late", "Both", "Night", "Asks", "Nobody"]
EVENTS = st.lists(
    st.tuples(
        st.sampled_from([1, 7, 20, 61, 150, 400, 1000, 4000]),  # seconds since the one before
        st.lists(
            st.tuples(
                st.sampled_from(NAMES), st.sampled_from(["a", "b", "c"]), st.booleans(), st.sampled_from([0, 90, 1300, 9000])
            ),
            # Of runs that began at the same instant the daemon takes any first: one alert at a time, then.
            min_size=1, max_size=1,
        ),
    ),
    min_size=1, max_size=20,
)  # fmt: skip


def history(events):
    at, began = START, {}
    for gap, alerts in events:
        at += gap * SECOND
        made = []
        for name, place, firing, age in alerts:
            labels = {"alertname": name, "place": place, "severity": "critical" if place == "a" else "info"}
            starts_at = began.setdefault((name, place), at - age * SECOND)
            if not firing:
                del began[name, place]
            made.append(Alert(f"{name}-{place}", firing, labels, {}, starts_at, None if firing else at))
        yield at, made


def rehearsed(site, events, takes, end):
    answers = {"http.request": (AnswerText.model_validate({"outputs": {"status": 200}, "takes": f"{takes}s"}),)}
    with World(TABLE, site, stand_in=Answers((answers,)).stand_in, start=START) as world:
        for at, alerts in history(events):
            world.run_until(at)
            world.post(alerts)
        world.run_until(end)
        runs, refusals = [], []
        for story in world.runs():
            if story.view is None:
                refusals.append((story.created_at, story.rule, story.refused_by))
                continue
            guards = []
            for moment in story.moments:
                if moment.held_by and (not guards or guards[-1] != moment.held_by):
                    guards.append(moment.held_by)
            end_as = ENDS[str(story.view.status)]
            acts = [entry.finished_at for entry in story.view.journal if entry.phase == "act"]
            runs.append((story.created_at, story.rule, story.target, guards, end_as, acts[0] if acts and end_as == "acted" else None))
    return sorted(runs), sorted(refusals)


def replayed(site, events, takes, end):
    bound = replace(site_of(site, envelope_of(site, {}, {}), ()), table=TABLE)
    tally = Tally(tuple(rule.name for rule in TABLE.rules), trace=True)
    replay = Replay(bound, tally, takes=takes * SECOND)
    for at, alerts in history(events):
        replay.post(at, alerts)
    replay.finish(end)
    runs = []
    for run in tally.trace:
        guards = [guard for number, guard in enumerate(run.guards) if not number or run.guards[number - 1] != guard]
        acted = run.acted_at if run.state == "acted" else None
        runs.append((run.created_at, run.plan.rule, run.plan.target, guards, run.state, acted))
    return sorted(runs), sorted(tally.refusals)


@pytest.mark.parametrize("limits", range(len(LIMITS)))
@settings(max_examples=60, deadline=None, derandomize=True)
@given(events=EVENTS, takes=st.sampled_from([0, 45]))
@example(events=[(1, [("Down", "a", True, 0), ("Slow", "a", True, 0)]), (20, [("Down", "a", False, 0)])], takes=45)
def test_it_does(limits, events, takes):
    logs.configure("auto", "error")
    site = sites()[limits]
    end = START + (sum(gap for gap, _ in events) + 4000) * SECOND
    assert replayed(site, events, takes, end) == rehearsed(site, events, takes, end)
