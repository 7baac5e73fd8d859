"""A sender gives one fingerprint to different labels: a backtest keeps them apart, as the daemon does."""

from fakes.small_site import SmallSite, alert
from msgspec.structs import replace

from remediator.core.durations import SECOND
from remediator.rehearsal.backtest import tell
from remediator.rehearsal.backtest.against import run
from remediator.rehearsal.backtest.decisions import Decisions
from remediator.rehearsal.backtest.ledger import Ledger
from remediator.rehearsal.backtest.runs import Runs
from remediator.rehearsal.backtest.tally import Tally

START = 1_767_571_200 * SECOND


def shared(service, **more):
    return replace(alert(service, starts_at=START, **more), fingerprint="same")


def rules_of(site, *history):
    made = run([(START + at * SECOND, alerts) for at, alerts in history], site.site, takes=SECOND)
    return {one["rule"]: one for one in tell.document(made)["rules"] if one["episodes"]}


def test_each_is_a_trouble_with_a_run_of_its_own(tmp_path):
    site = SmallSite.of(tmp_path)
    history = [(0, (shared("web"), shared("db"), shared("slow", name="Slow"))), (60, (shared("web"), shared("db")))]
    found = rules_of(site, *history)
    assert (found["restart"]["episodes"], found["restart"]["would_run"]) == (2, 2)
    assert found["restart when slow"]["episodes"] == 1
    site.admit(*history[0][1])
    assert site.tx.one("SELECT count(*) FROM episode")[0] == 3


def test_one_that_resolves_leaves_the_other(tmp_path):
    site = SmallSite.of(tmp_path)
    found = rules_of(
        site, (0, (shared("web"), shared("db"))), (60, (shared("db", firing=False),)), (7200, (shared("web"), shared("db")))
    )  # fmt: skip
    assert found["restart"]["episodes"] == 3


def test_a_plan_is_never_that_of_other_labels(tmp_path):
    # An episode may be forgotten while the plan made for it is still known.
    site, tally = SmallSite.of(tmp_path).site, Tally(())
    ledger = Ledger(site)
    decisions = Decisions(site, ledger, Runs(site, ledger, tally), tally)
    assert [case.made.target for case in decisions.cases_of(shared("web"))] == ["host/web"]
    assert [case.made.target for case in decisions.cases_of(shared("db"))] == ["host/db"]
