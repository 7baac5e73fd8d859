"""Of guards that only lower the mode the one that says observe counts, whichever is asked first; one that holds or
refuses counts more than all of them."""

from itertools import permutations

import pytest
from fakes.small_site import RULES, SECOND, alert, table_of

from remediator.core.guards import (
    Changed,
    Envelope,
    Facts,
    Hold,
    Lower,
    Pause,
    Refuse,
    StormNow,
    judge,
    judge_envelope,
    judge_pause,
    judge_storm,
)
from remediator.core.guards.doubts import judge_loop, judge_repeats
from remediator.core.transitions import Mode
from remediator.engine.admit import propose

NOW = 1_000_000 * SECOND
ALLOWED = Envelope(("host/**",))
REPEATS = "repeats: {max: 2, per: 1d, then: stop}"
STORM = StormNow("rule restart", NOW - SECOND, None, 7, evidence=True)
CHANGE = Changed("host/api", NOW - 400 * SECOND, "r1", "another rule")
OBSERVE = Facts(storms=(STORM,))
LOOP = Facts(last_change=(CHANGE,), loop_guard=600.0)
BOTH = Facts(storms=(STORM,), last_change=(CHANGE,), loop_guard=600.0, repeated=2)


@pytest.fixture
def plan(tmp_path):
    text = RULES.replace("cooldown: 5m, throttle", f"cooldown: 5m, {REPEATS}, throttle", 1)
    [proposal] = propose(table_of(text, tmp_path), alert("api", starts_at=NOW))
    return proposal.made


def names(guards):
    return " ".join(guard.__name__ for guard in guards)


def test_each_alone(plan):
    assert judge(plan, OBSERVE, ALLOWED, NOW).mode is Mode.OBSERVE
    assert judge(plan, LOOP, ALLOWED, NOW).mode is Mode.ASK
    assert judge(plan, Facts(repeated=2), ALLOWED, NOW).guard == "repeats"
    assert judge(plan, Facts(), ALLOWED, NOW) is None


@pytest.mark.parametrize("guards", list(permutations((judge_storm, judge_loop, judge_repeats))), ids=names)
def test_observe_whichever_is_asked_first(plan, guards):
    said = judge(plan, BOTH, ALLOWED, NOW, guards=guards)
    assert (type(said), said.guard, said.mode) == (Lower, "storm", Mode.OBSERVE)


@pytest.mark.parametrize(("guards", "first"), [((judge_loop, judge_repeats), "loop"), ((judge_repeats, judge_loop), "repeats")], ids=["loop first", "repeats first"])
def test_of_those_alike_the_first(plan, guards, first):
    assert judge(plan, BOTH, ALLOWED, NOW, guards=guards).guard == first


def test_as_the_daemon_asks_them(plan):
    said = judge(plan, BOTH, ALLOWED, NOW)
    assert (said.guard, said.mode) == ("storm", Mode.OBSERVE)


@pytest.mark.parametrize("last", [True, False])
def test_an_objection_counts_more(plan, last):
    paused = Facts(storms=(STORM,), last_change=(CHANGE,), loop_guard=600.0, pauses=(Pause("global", "ann", "why", None, NOW),))
    lowering = (judge_storm, judge_loop)
    holds = (*lowering, judge_pause) if last else (judge_pause, *lowering)
    assert isinstance(judge(plan, paused, ALLOWED, NOW, guards=holds), Hold)
    refuses = (*lowering, judge_envelope) if last else (judge_envelope, *lowering)
    assert isinstance(judge(plan, BOTH, Envelope(), NOW, guards=refuses), Refuse)
