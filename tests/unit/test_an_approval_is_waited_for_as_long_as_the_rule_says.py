"""However long a rule gives people to answer: the wait ends then, and the alert is confirmed only before a change."""

import pytest

from remediator.rehearsal.session import Session

RULES = """\
rules:
  - {{name: back, match: alertname = "Down", guide: back, mode: ask, approval_timeout: {timeout}}}
guides:
  back:
    summary: It is down
    target: http/shop
    remedies:
      - name: start it
        steps:
          - http.request: {{url: "http://shop:8080/start", method: PUT}}
    verify:
      within: 1m
      all: [{{id: well, http.probe: {{url: "http://shop:8080/health"}}}}]
"""
TESTS = """\
rule_files: [back.yaml]
answers:
  http.request: {{outputs: {{status: 200}}}}
  well: [{{changed: false, outputs: {{holds: false}}}}, {{changed: true, outputs: {{holds: true}}}}]
tests:
  - name: people are asked
    alerts: [{{labels: {{alertname: Down}}}}{more}]
    approvals: {approvals}
    expect: {{exact: true, runs: [{expect}]}}
"""


def judged(tmp_path, timeout, expect, approvals="[]", more=""):
    (tmp_path / "back.yaml").write_text(RULES.format(timeout=timeout))
    (tmp_path / "back_test.yaml").write_text(TESTS.format(expect=expect, approvals=approvals, more=more))
    said = []
    session = Session()
    session.run([tmp_path / "back_test.yaml"], said.append)
    return session.failed, "\n".join(map(str, said))


@pytest.mark.parametrize("timeout", ["5m", "15m", "1h", "4h", "1d"])
def test_nobody_answers(tmp_path, timeout):
    failed, said = judged(tmp_path, timeout, f"{{steps: [], status: expired, ended: {timeout}}}")
    assert not failed, said


def test_who_agrees_late_gets_an_alert_that_still_fires(tmp_path):
    over = ", {at: 20m, labels: {alertname: Down}, state: inhibited}"
    failed, said = judged(tmp_path, "1h", "{steps: [], status: cancelled, ended: 40m}", "[{at: 40m}]", over)
    assert not failed, said
