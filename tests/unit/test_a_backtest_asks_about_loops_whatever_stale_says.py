"""An alert that begins after our own change may be caused by it: a backtest sees that without ``limits.stale``, too."""

import pytest
from fakes.small_site import SmallSite, alert
from msgspec.structs import replace

from remediator.core.durations import SECOND
from remediator.core.scopes import SiteLimits
from remediator.rehearsal.backtest import tell
from remediator.rehearsal.backtest.against import run

START = 1_767_571_200 * SECOND
RULES = """
rules:
  - {name: restart, match: alertname = "Down", guide: restart, mode: auto}
guides:
  restart:
    summary: it is down
    target: host/web
    remedies: [{name: restart it, steps: [{http.request: {url: "http://127.0.0.1:9/restart", method: POST}}]}]
"""


@pytest.mark.parametrize("stale", [0.0, 3600.0])
def test_it_asks(tmp_path, stale):
    limits = SiteLimits(stale=stale, loop_guard=3600.0)
    site = replace(SmallSite.of(tmp_path, RULES).site, limits=limits, grace=0.0)
    history = [
        (START + at * SECOND, (alert("a", starts_at=START + began * SECOND, firing=firing),))
        for at, began, firing in ((0, 0, True), (120, 0, False), (300, 300, True))
    ]
    (rule,) = tell.document(run(history, site, takes=SECOND))["rules"]
    assert (rule["would_run"], rule["would_ask"]) == (1, {"loop": 1})
