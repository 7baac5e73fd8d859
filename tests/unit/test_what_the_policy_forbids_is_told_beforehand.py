"""Nobody is asked for what the policy forbids, and nobody is told that it would be done: by runs, explanations, backtests."""

import pytest
from fakes.small_site import RULES, SmallSite, alert
from msgspec.structs import replace

from remediator.core.durations import SECOND
from remediator.core.policy import Policy
from remediator.interfaces.explained import explain
from remediator.interfaces.explained_text import document, text
from remediator.rehearsal.backtest import tell
from remediator.rehearsal.backtest.against import run
from remediator.store import evidence

SCALE = """
rules:
  - {name: scale, match: alertname = "Down", guide: scale, mode: MODE}
guides:
  scale:
    summary: it is down
    target: kubernetes/eu/shop/deployment/web
    remedies:
      - name: scale it
        steps:
          - kubernetes.scale: {kind: deployment, name: web, namespace: shop, connection: eu, replicas: "{{ labels.count }}"}
"""
ONLY_KUBERNETES = Policy(actions=("kubernetes.*",))
FEW = Policy(bounds={"replicas": 5.0})
WHY_ACTION = "http.request is not among the actions that policy.actions allows"
WHY_BOUND = "kubernetes.scale would use 9 replicas; policy.bounds allows 5"
FORBIDDEN = [(RULES, ONLY_KUBERNETES, WHY_ACTION), (SCALE, FEW, WHY_BOUND)]
ALERT = alert("a", count="9", starts_at=10**12)


def site_of(folder, rules, mode, policy):
    written = rules.replace("MODE", mode).replace("mode: auto", f"mode: {mode}")
    site = SmallSite.of(folder, written)
    envelope = replace(site.site.envelope, targets=("host/**", "kubernetes/**"), policy=policy)
    site.site = replace(site.site, envelope=envelope)
    return site


@pytest.mark.parametrize("mode", ["observe", "ask"])
@pytest.mark.parametrize(("rules", "policy", "why"), FORBIDDEN)
def test_a_run_ends_and_says_so(tmp_path, mode, rules, policy, why):
    site = site_of(tmp_path, rules, mode, policy)
    (work,) = site.admit(ALERT).works
    while work.tasks:  # what would speak for a person's decision is asked first
        assert {task.job.phase for task in work.tasks} == {"caution"}
        work = site.came(work, concern="")
    status, reason, shown = site.tx.one("SELECT status, reason, shown FROM run WHERE id = ?", work.run.id)
    assert (status, why in reason, shown) == ("escalated", True, "")


def test_it_is_no_evidence_for_the_next_mode(tmp_path):
    site = site_of(tmp_path, RULES, "observe", ONLY_KUBERNETES)
    site.admit(ALERT)
    (found,) = evidence.read(site.tx).values()
    assert (found.runs, found.would_run, found.escalated) == (1, 0, 1)


@pytest.mark.parametrize("mode", ["observe", "ask", "auto"])
@pytest.mark.parametrize(("rules", "policy", "why"), FORBIDDEN)
def test_an_explanation_says_so(tmp_path, mode, rules, policy, why):
    site = site_of(tmp_path, rules, mode, policy)
    made = explain(site.site, ALERT, site.now)
    lines = list(text(document(made)))
    assert any(line.endswith(f"would be refused by policy: {why}") for line in lines)
    assert any(line.endswith(f"fails: {why}") for line in lines)


@pytest.mark.parametrize("mode", ["observe", "ask", "auto"])
@pytest.mark.parametrize(("rules", "policy", "why"), FORBIDDEN)
def test_a_backtest_says_so(tmp_path, mode, rules, policy, why):
    site = site_of(tmp_path, rules, mode, policy)
    made = run([(10**12 + SECOND, (ALERT,))], site.site, takes=0)
    (rule,) = [one for one in tell.document(made)["rules"] if one["episodes"]]
    assert (rule["would_run"], rule["would_ask"], rule["would_observe"]) == (0, {}, {})
    assert rule["refused"] == {"policy": 1}


def test_what_only_looks_is_no_action_of_the_policy(tmp_path):
    looks = RULES.replace("        steps:\n", '        steps:\n          - http.probe: {url: "http://127.0.0.1:9/"}\n')
    site = site_of(tmp_path, looks, "auto", Policy(actions=("http.request",)))
    (work,) = site.admit(ALERT).works
    assert [task.job.phase for task in work.tasks] == ["act"]
